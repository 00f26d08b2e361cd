package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/traces"
)

// ProjectorOptions configure a [Projector].
type ProjectorOptions struct {
	// BatchSize is the maximum number of events per transaction; 0 means 500.
	BatchSize int
	// Logger may be nil.
	Logger *slog.Logger
	// StandbyAfter is how long another projector may make no progress, with
	// events to apply, before this one takes over; 0 means two seconds.
	StandbyAfter time.Duration
	// Applied, if not nil, is called after each transaction that follows the
	// log, with the number of events and the time it took. It must return at
	// once.
	Applied func(events int, took time.Duration)
	Tracer  traces.Tracer
}

// liveKeep bounds what a projector keeps in memory.
var liveKeep = keep{rows: 20_000, payload: 32 << 20}

// Projector follows the log and keeps the rows of a store up to date. Any
// number of projectors may run on one database, in any processes: one holds the
// claim, the others are on standby.
type Projector struct {
	store  *Store
	log    events.Log
	logger *slog.Logger
	limit  int // events per transaction
	after  time.Duration
	told   func(events int, took time.Duration)
	tracer traces.Tracer

	// The following fields are used only by Run.
	held     claim  // the last claim of this projector, if any
	standing bool   // another projector took the claim
	watched  watch  // the live rows, while another projector maintains them
	builder  watch  // the rows that another process builds
	unfit    int64  // a generation that does not belong to this log
	said     string // the last message logged about not following

	mu              sync.Mutex
	state           State
	seen            model // the last checkpoint read
	refused, parked int64 // counts of the live rows
	batch           int   // events in the last transaction
	rate            float64
	rated           time.Time
}

type claim struct{ generation, epoch int64 }

// watch is a checkpoint and the time since which it has not moved.
type watch struct {
	model
	since time.Time
}

// NewProjector creates a projector. It does nothing until Run is called.
func NewProjector(store *Store, log events.Log, o ProjectorOptions) *Projector {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BatchSize <= 0 {
		o.BatchSize = 500
	}
	if o.StandbyAfter <= 0 {
		o.StandbyAfter = 2 * time.Second
	}
	return &Projector{
		store: store, log: log, logger: o.Logger, limit: o.BatchSize, after: o.StandbyAfter, told: o.Applied, tracer: o.Tracer,
		state: StateStarting,
	}
}

// rateMemory is the time constant of the rate's decay: an event this old counts
// for about a third.
const rateMemory = 10 * time.Second

// Status returns the projector's status.
func (p *Projector) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	status := p.seen.status(now)
	status.State, status.Batch = p.state, p.batch
	status.Refused, status.Parked = p.refused, p.parked
	status.Rate = p.rate * math.Exp(-now.Sub(p.rated).Seconds()/rateMemory.Seconds())
	return status
}

// Overview is Status plus what other processes are doing, as far as the
// database answers before ctx ends.
func (p *Projector) Overview(ctx context.Context) Status {
	status := p.Status()
	building, err := p.store.Building(ctx)
	if err != nil {
		return status
	}
	status.Building = building
	if kept, err := p.store.Kept(ctx); err == nil {
		status.Kept = kept
	}
	return status
}

// Run keeps the rows up to date until ctx ends, then finishes the current
// transaction and returns nil. Nothing else ends it: it retries while the
// database or the log cannot be reached, and rebuilds rows that are missing, of
// an older program, or of another incarnation of the log. Call it once.
func (p *Projector) Run(ctx context.Context) error {
	wait := firstRetry
	for ctx.Err() == nil {
		applied := p.Status().Position
		err := p.turn(ctx)
		if p.Status().Position != applied {
			wait = firstRetry
		}
		switch {
		case ctx.Err() != nil || err == nil:
		case errors.Is(err, dialect.ErrFenced):
			p.say(slog.LevelInfo, "projector lost its claim to the rows")
			sleep(ctx, firstRetry/10)
		default:
			p.down(ctx)
			p.say(slog.LevelError, "projector failed, retrying", slog.Any("err", err))
			sleep(ctx, wait/2+rand.N(wait/2))
			wait = min(2*wait, lastRetry)
		}
	}
	return nil
}

// Bounds of the delay before a retry.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// turn reads the current state and acts on it, once.
func (p *Projector) turn(ctx context.Context) error {
	m, err := p.store.model(ctx)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	mine := p.store.fingerprint
	switch {
	case m.generation != 0 && fold.Newer(m.fingerprint, mine):
		abandoned, err := p.abandoned(ctx, m, silence*p.after)
		if err != nil {
			return err
		}
		if abandoned {
			return p.build(ctx)
		}
		p.enter(StateOutdated)
		p.say(slog.LevelWarn, "rows belong to a newer version, standing by", slog.String("rows", m.fingerprint))
		sleep(ctx, p.after/2)
		return nil
	case m.generation == 0 || m.generation == p.unfit || m.fingerprint != mine:
		return p.build(ctx)
	case m.generation == p.held.generation && m.epoch == p.held.epoch:
		return p.resume(ctx, m)
	case p.standing || m.generation == p.held.generation:
		return p.standBy(ctx, m)
	}
	n, err := p.store.exec(ctx, p.store.write, `update docket_checkpoints set epoch = epoch + 1 where generation = ? and epoch = ?`, m.generation, m.epoch)
	if err != nil {
		return fmt.Errorf("claim checkpoint: %w", err)
	}
	if n == 0 {
		return nil // another projector was faster
	}
	m.epoch++
	p.held = claim{m.generation, m.epoch}
	return p.resume(ctx, m)
}

// resume follows the log from a checkpoint that this projector holds.
func (p *Projector) resume(ctx context.Context, m model) error {
	a, err := p.store.newApplier(ctx, m, liveKeep, false)
	if err != nil {
		return err
	}
	return p.follow(ctx, a)
}

// follow applies events until something fails. It closes the applier.
func (p *Projector) follow(ctx context.Context, a *applier) (err error) {
	defer a.close()
	from, err := readLog(ctx, p.log, a.position, p.limit, 0, p.store.arrivals.gather)
	if err != nil {
		return p.judge(a, err)
	}
	defer from.close()
	p.store.arrivals.hold(+1)
	defer p.store.arrivals.hold(-1)
	if err := p.following(ctx, a); err != nil {
		return err
	}
	for {
		c, err := from.next()
		if err != nil {
			return p.judge(a, err)
		}
		began := time.Now()
		span := p.begin(ctx, c)
		err = p.apply(ctx, a, c)
		span.End(err != nil && !errors.Is(err, dialect.ErrFenced))
		if err != nil {
			return err
		}
		if p.told != nil {
			p.told(len(c.facts), time.Since(began))
		}
		p.store.arrivals.note(a.position)
		p.applied(a, c)
	}
}

// begin starts the span of a transaction and links it to the traces of its
// events.
func (p *Projector) begin(ctx context.Context, c *chunk) traces.Span {
	if !p.tracer.On() {
		return traces.Span{}
	}
	parents := make([]string, len(c.facts))
	for i := range c.facts {
		parents[i] = c.facts[i].TraceParent
	}
	_, span := p.tracer.Gather(ctx, parents, "fold")
	span.Number("docket.events", int64(len(c.facts)))
	span.Number("docket.position", int64(c.end.Sequence))
	return span
}

// apply applies a chunk. If ctx ends meanwhile, the transaction may still
// finish within timeout.
func (p *Projector) apply(ctx context.Context, a *applier, c *chunk) error {
	finishing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(timeout, cancel) })
	defer stop()
	return a.apply(finishing, c)
}

// judge records a generation that does not belong to this log.
func (p *Projector) judge(a *applier, err error) error {
	if errors.Is(err, events.ErrIncarnation) {
		p.unfit = a.generation
		p.say(slog.LevelWarn, "rows belong to another incarnation of the log, rebuilding", slog.Any("err", err))
		return nil
	}
	return fmt.Errorf("follow the log: %w", err)
}

// silence is how many times longer than the standby time a projector waits
// before it takes over work from another process. A builder may make no visible
// progress during a large transaction or while it creates an index; taking over
// its work only costs time. A newer program may be starting.
const silence = 5

// build builds new rows, or continues rows that this program began or kept, and
// then follows the log with them. It waits while another process is building.
func (p *Projector) build(ctx context.Context) error {
	u, err := p.store.other(ctx, inWork)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	if u.busy && !p.builder.still(u.model, silence*p.after) {
		p.enter(StateStandby)
		p.say(slog.LevelInfo, "another process is building rows", slog.Int64("generation", u.generation))
		sleep(ctx, p.after/8)
		return nil
	}
	p.enter(StateBuilding)
	p.say(slog.LevelInfo, "building rows")
	a, _, err := p.store.build(ctx, p.log, RebuildOptions{Progress: p.progressed}, true)
	if err != nil {
		return err
	}
	p.held, p.standing = claim{a.generation, a.epoch}, false
	p.store.arrivals.note(a.position)
	a.keep = liveKeep
	return p.follow(ctx, a)
}

// standBy watches the projector that holds the claim. If that one makes no
// progress with events to apply, the next turn claims the rows.
func (p *Projector) standBy(ctx context.Context, m model) error {
	p.standing = true
	p.enter(StateStandby)
	p.observe(m)
	p.say(slog.LevelInfo, "projector standing by", slog.Int64("epoch", m.epoch))
	abandoned, err := p.abandoned(ctx, m, p.after)
	if err != nil {
		return err
	}
	if abandoned {
		p.standing, p.held = false, claim{}
		return nil
	}
	sleep(ctx, p.after/8)
	return nil
}

// abandoned reports whether the live rows have made no progress for that long,
// with events to apply.
func (p *Projector) abandoned(ctx context.Context, m model, long time.Duration) (bool, error) {
	end, err := p.log.End(ctx)
	if err != nil {
		return false, fmt.Errorf("read the log's end: %w", err)
	}
	if m.position.Incarnation == end.Incarnation && m.position.Sequence >= end.Sequence {
		p.watched = watch{}
		return false, nil
	}
	return p.watched.still(m, long), nil
}

// still reports whether the checkpoint has not changed for that long.
func (w *watch) still(m model, long time.Duration) bool {
	if w.generation != m.generation || w.epoch != m.epoch || w.position != m.position {
		*w = watch{m, time.Now()}
		return false
	}
	return time.Since(w.since) >= long
}

// say logs what keeps the projector from following. It does not repeat a
// message until the projector follows again or logs another one.
func (p *Projector) say(level slog.Level, what string, attrs ...slog.Attr) {
	if p.said != what {
		p.said = what
		p.logger.LogAttrs(context.Background(), level, what, attrs...)
	}
}

func (p *Projector) enter(s State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
}

func (p *Projector) observe(m model) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = m
}

// down records that the projector cannot run, and reads from the log, if it can
// be reached, how many events are waiting.
func (p *Projector) down(ctx context.Context) {
	p.enter(StateDown)
	// Checkpoints could not move during the outage.
	p.watched, p.builder = watch{}, watch{}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if end, err := p.log.End(ctx); err == nil {
		p.mu.Lock()
		p.seen.head = end.Sequence
		p.mu.Unlock()
	}
}

// following initializes the status that is kept while following.
func (p *Projector) following(ctx context.Context, a *applier) error {
	m, err := p.store.model(ctx)
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	status, err := p.store.Status(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.state, p.seen, p.rate, p.rated = StateFollowing, m, 0, time.Now()
	p.refused, p.parked = status.Refused, status.Parked
	p.mu.Unlock()
	if p.said != "" {
		p.said = ""
		p.logger.Info("projector following the log", slog.String("position", a.position.String()),
			slog.Int64("generation", a.generation), slog.Int64("epoch", a.epoch))
	}
	return nil
}

func (p *Projector) applied(a *applier, c *chunk) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.position, p.seen.head, p.seen.storedAt = a.position, c.head, c.storedAt
	p.seen.malformed += int64(c.malformed)
	p.refused += a.refused
	p.parked += a.parked
	p.batch = len(c.facts)
	elapsed := max(now.Sub(p.rated), time.Microsecond).Seconds()
	p.rate += (1 - math.Exp(-elapsed/rateMemory.Seconds())) * (float64(len(c.facts))/elapsed - p.rate)
	p.rated = now
}

func (p *Projector) progressed(done Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.position.Sequence, p.seen.head = done.Done, done.Total
	p.rate, p.rated = done.Rate, time.Now()
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
