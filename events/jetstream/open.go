package jetstream

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/broker/transient"
	"github.com/docketlog/docket/events"
)

// DefaultStream is the name of the stream that holds the events.
const DefaultStream = "EVENTS"

// metadataIncarnation is the key of the stream's metadata that holds the log's
// incarnation. It is written when the stream is created and never changes.
const metadataIncarnation = "docket-incarnation"

// duplicateWindow is how long the server remembers event ids. It makes a quick
// retry cheaper; correctness does not depend on it.
const duplicateWindow = 2 * time.Minute

// Options configure a [Log].
type Options struct {
	// Stream is the stream's name, [DefaultStream] if empty.
	Stream string
	// Replicas is the number of servers that hold each event. With 0, a new
	// stream gets one replica and an existing one is accepted as it is.
	Replicas int
	// Logger receives problems that are not returned as errors; nothing is
	// logged if it is nil.
	Logger *slog.Logger
	// Acknowledged, if not nil, is called after each successful Append with the
	// time that the call took. It must return immediately.
	Acknowledged func(took time.Duration)
	// Sound, if not nil, must return false once the server can no longer store
	// messages. From then on the log trusts no read from it: an event that
	// could not be stored can still be read, but is lost when the server stops.
	Sound func() bool
}

// Log is an [events.Log] in a JetStream stream. Create it with [Open].
type Log struct {
	nc          *nats.Conn
	js          js.JetStream
	stream      string
	incarnation string
	replicas    int
	copiedFrom  time.Time
	copiedTo    time.Time
	log         *slog.Logger
	stats       counters

	acknowledged func(time.Duration)
	sound        func() bool
	publishWait  time.Duration // how long one attempt to append may take
}

var _ events.Log = (*Log)(nil)

// Open creates the stream or checks the existing one. The error lists every
// setting that would break a guarantee of the log. Processes that open the log
// concurrently agree on one incarnation. Open waits until ctx ends for a cluster
// that has no leader yet. The caller keeps ownership of the connection.
func Open(ctx context.Context, nc *nats.Conn, o Options) (*Log, error) {
	return openAs(ctx, nc, o, o.Replicas)
}

// openAs is [Open] that accepts a stream with at least the given replicas.
func openAs(ctx context.Context, nc *nats.Conn, o Options, least int) (*Log, error) {
	o.Stream = cmp.Or(o.Stream, DefaultStream)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	j, err := js.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open stream %s: %w", o.Stream, err)
	}
	var info *js.StreamInfo
	err = retry.Until(ctx, func(ctx context.Context) (bool, error) {
		info, err = provide(ctx, j, o)
		// If several processes open the log concurrently, the server may answer
		// that the name is in use and then that the stream does not exist yet.
		return transient.Is(err) || errors.Is(err, js.ErrStreamNotFound), err
	})
	if err == nil {
		err = verify(info, least)
	}
	if err != nil {
		return nil, fmt.Errorf("open stream %s: %w", o.Stream, err)
	}
	from, to := copied(info.Config.Metadata)
	return &Log{
		nc:           nc,
		js:           j,
		stream:       o.Stream,
		incarnation:  info.Config.Metadata[metadataIncarnation],
		replicas:     info.Config.Replicas,
		copiedFrom:   from,
		copiedTo:     to,
		log:          o.Logger,
		acknowledged: o.Acknowledged, sound: o.Sound,
		publishWait: 2 * time.Second,
	}, nil
}

// provide returns the stream's state and creates the stream if necessary.
func provide(ctx context.Context, j js.JetStream, o Options) (*js.StreamInfo, error) {
	stream, err := j.Stream(ctx, o.Stream)
	if errors.Is(err, js.ErrStreamNotFound) {
		_, err = j.CreateStream(ctx, js.StreamConfig{
			Name:               o.Stream,
			Description:        "Docket: every event, kept permanently",
			Subjects:           []string{events.AllSubjects},
			Retention:          js.LimitsPolicy,
			Storage:            js.FileStorage,
			Discard:            js.DiscardNew,
			Replicas:           max(o.Replicas, 1),
			Duplicates:         duplicateWindow,
			DenyDelete:         true,
			DenyPurge:          true,
			AllowDirect:        true,
			AllowAtomicPublish: true,
			Compression:        js.NoCompression,
			Metadata:           map[string]string{metadataIncarnation: newIncarnation()},
		})
		// Another process may have created the stream first, with a different
		// incarnation, so the stream is read back.
		if err == nil || errors.Is(err, js.ErrStreamNameAlreadyInUse) {
			stream, err = j.Stream(ctx, o.Stream)
		}
	}
	if err != nil {
		return nil, err
	}
	return stream.CachedInfo(), nil
}

// newIncarnation returns eight random characters that a position may contain.
func newIncarnation() string { return strings.ToLower(rand.Text()[:8]) }

// verify reports every setting under which the log could lose or change an event
// or acknowledge it too early.
func verify(info *js.StreamInfo, replicas int) error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	c := info.Config
	_, err := events.ParsePosition(events.Position{Incarnation: c.Metadata[metadataIncarnation]}.String())
	want(err == nil, "metadata %s is %q, want letters a to z and digits: Docket did not create this stream", metadataIncarnation, c.Metadata[metadataIncarnation])
	want(slices.Equal(c.Subjects, []string{events.AllSubjects}), "subjects are %q, want %q", c.Subjects, events.AllSubjects)
	want(c.Storage == js.FileStorage, "storage is %s, want file", c.Storage)
	want(c.Retention == js.LimitsPolicy, "retention is %s, want limits", c.Retention)
	want(c.Discard == js.DiscardNew, "discard is %s, want new", c.Discard)
	want(c.MaxAge == 0, "max age is %s, want none", c.MaxAge)
	want(c.MaxMsgsPerSubject <= 0, "max messages per subject is %d, want none", c.MaxMsgsPerSubject)
	want(c.DenyDelete, "deny delete is off, want on")
	want(c.DenyPurge, "deny purge is off, want on")
	want(!c.AllowRollup, "allow rollup is on, which deletes messages; want off")
	want(!c.AllowMsgTTL, "allow message TTL is on, which deletes messages; want off")
	want(!c.NoAck, "no ack is on, want off")
	want(!c.Sealed, "the stream is sealed")
	want(c.PersistMode == js.DefaultPersistMode, "persist mode is asynchronous, want the default")
	want(c.AllowDirect, "allow direct is off, want on")
	want(c.AllowAtomicPublish, "allow atomic publish is off, want on")
	want(c.Mirror == nil && len(c.Sources) == 0, "the stream has a mirror or sources, want none")
	want(c.SubjectTransform == nil, "the stream transforms subjects, want no transform")
	want(c.Replicas >= replicas, "it has %d replicas, want at least %d", c.Replicas, replicas)
	want(info.State.NumDeleted == 0 && info.State.FirstSeq <= 1, "messages are missing: the first sequence is %d, and %d messages were deleted", info.State.FirstSeq, info.State.NumDeleted)
	return errors.Join(errs...)
}

// Incarnation returns the log's incarnation.
func (l *Log) Incarnation() string { return l.incarnation }

// End implements [events.Log]. It makes one request, which the stream's leader
// answers from memory.
func (l *Log) End(ctx context.Context) (events.Position, error) {
	s, err := l.state(ctx)
	if err != nil {
		return events.Position{}, fmt.Errorf("end of the log: %w", err)
	}
	return s, nil
}

// state returns the log's end. It fails if the stream has another incarnation.
func (l *Log) state(ctx context.Context) (events.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, retry.Timeout)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if err != nil {
		return events.Position{}, err
	}
	info := s.CachedInfo()
	if other := info.Config.Metadata[metadataIncarnation]; other != l.incarnation {
		return events.Position{}, fmt.Errorf("%w: opened as %s, the stream is now %s", events.ErrIncarnation, l.incarnation, other)
	}
	return l.at(info.State.LastSeq), nil
}

func (l *Log) at(sequence uint64) events.Position {
	return events.Position{Incarnation: l.incarnation, Sequence: sequence}
}
