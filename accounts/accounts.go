package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/events"
)

// Options are the settings of [Open]. The zero value is one for a single
// broker.
type Options struct {
	// Replicas is how many brokers hold each bucket that is made; 0 means 1.
	Replicas int
	// Logger hears of healed crashes and of lost and regained watches; nil
	// means nobody does. It is given ids and no personal data.
	Logger *slog.Logger
	// Now is the clock by which sessions, tokens and attempts expire; nil
	// means time.Now.
	Now func() time.Time
	// HashConcurrency is how many passwords are hashed at once; 0 means one
	// per processor.
	HashConcurrency int
	// Argon2 is the cost of a hash; zero means [DefaultArgon2].
	Argon2 Argon2
	// Limits bound attempts; zero fields take theirs from [DefaultLimits].
	Limits Limits
	// CacheSize is how many sessions, and how many tokens, are remembered;
	// 0 means 10,000 of each, which is a few megabytes.
	CacheSize int
	// CopiedFrom and CopiedTo are between which moments buckets and log were
	// copied, if they come from a copy: of who registered or was erased then, the
	// log may not know. Zero if they do not.
	CopiedFrom, CopiedTo time.Time
}

func (o Options) withDefaults() Options {
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.HashConcurrency == 0 {
		o.HashConcurrency = runtime.GOMAXPROCS(0)
	}
	if o.Argon2 == (Argon2{}) {
		o.Argon2 = DefaultArgon2
	}
	if o.CacheSize == 0 {
		o.CacheSize = 10_000
	}
	if o.Limits.Window == 0 {
		o.Limits.Window = DefaultLimits.Window
	}
	o.Limits.Window = min(o.Limits.Window, MaxWindow)
	if o.Limits.PerAccount == 0 {
		o.Limits.PerAccount = DefaultLimits.PerAccount
	}
	if o.Limits.PerAccountTotal == 0 {
		o.Limits.PerAccountTotal = DefaultLimits.PerAccountTotal
	}
	if o.Limits.PerAddress == 0 {
		o.Limits.PerAddress = DefaultLimits.PerAddress
	}
	if o.Limits.Registrations == 0 {
		o.Limits.Registrations = DefaultLimits.Registrations
	}
	if o.Limits.Lookups == 0 {
		o.Limits.Lookups = DefaultLimits.Lookups
	}
	return o
}

// Accounts answers who may knock. Any number of processes may have the same
// buckets open; what one of them decides holds for all. All methods may be
// called concurrently, until Close.
type Accounts struct {
	log     events.Log
	options Options
	now     func() time.Time
	nc      *nats.Conn

	people    *bucket
	claims    *bucket
	filters   *bucket
	instance  *instance
	passwords *passwords
	attempts  *attempts
	sessions  *credentialStore
	tokens    *credentialStore
	directory *directory
	heads     *heads
	counters  counters

	touches chan touch
	stop    context.CancelFunc
	running sync.WaitGroup
}

// touch is a use of a pass that is to be recorded.
type touch struct {
	store       *credentialStore
	account, id uuid.UUID
	used        time.Time
}

// Open makes the buckets that are missing, reads who there is, and completes
// erasures that a crash has left unfinished. It returns when names can be
// shown and secrets be checked. It leaves nc to the caller, to be closed after
// Close.
func Open(ctx context.Context, nc *nats.Conn, log events.Log, options Options) (*Accounts, error) {
	options = options.withDefaults()
	a := &Accounts{log: log, options: options, now: options.Now, nc: nc, touches: make(chan touch, 256), heads: newHeads()}
	if err := a.openBuckets(ctx); err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	a.passwords = newPasswords(options.Argon2, options.HashConcurrency)

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	watches := []*watch{a.directory.watch, a.sessions.watch, a.tokens.watch}
	for _, w := range watches {
		a.running.Go(func() { w.run(background) })
	}
	status := nc.StatusChanged()
	a.running.Go(func() {
		// Whatever happened to the connection, something may have been missed.
		for range status {
			for _, w := range watches {
				w.distrust()
			}
		}
	})
	a.running.Go(func() {
		<-background.Done()
		nc.RemoveStatusListener(status)
	})
	a.running.Go(func() { a.recordTouches(background) })
	for _, w := range watches {
		select {
		case <-w.ready:
		case <-ctx.Done():
			a.Close()
			return nil, fmt.Errorf("open accounts: read %s: %w", w.bucket.name, ctx.Err())
		}
	}
	a.running.Go(func() {
		a.healErasures(background)
		a.announceCopied(background)
	})
	return a, nil
}

// Close ends everything that runs in the background and waits for it.
func (a *Accounts) Close() {
	a.stop()
	a.running.Wait()
}

func (a *Accounts) openBuckets(ctx context.Context) error {
	js, err := jetstream.New(a.nc)
	if err != nil {
		return err
	}
	var attemptCounts, one, sessions, tokens *bucket
	for _, b := range []struct {
		to   **bucket
		kind bucketKind
	}{
		{&a.people, peopleBucket},
		{&a.claims, credentialsBucket},
		{&a.filters, filtersBucket},
		{&sessions, sessionsBucket},
		{&tokens, tokensBucket},
		{&attemptCounts, attemptsBucket},
		{&one, instanceBucket},
	} {
		if *b.to, err = openBucket(ctx, js, b.kind, a.options.Replicas); err != nil {
			return err
		}
	}
	if a.instance, err = openInstance(ctx, one); err != nil {
		return err
	}
	a.attempts = &attempts{bucket: attemptCounts, window: a.options.Limits.Window, now: a.now}
	a.sessions = a.newCredentialStore(PrefixSession, sessions)
	a.tokens = a.newCredentialStore(PrefixToken, tokens)
	a.directory = newDirectory(a.people, a.options.Logger)
	return nil
}

func (a *Accounts) newCredentialStore(prefix string, b *bucket) *credentialStore {
	p := &credentialStore{prefix: prefix, bucket: b, instance: a.instance, now: a.now, cache: newCache(a.options.CacheSize)}
	p.watch = newWatch(b, a.options.Logger, memory{begin: p.cache.clear, apply: p.applied})
	return p
}

func (a *Accounts) recordTouches(ctx context.Context) {
	for {
		select {
		case t := <-a.touches:
			// The time of last use is for people to look at. Losing one is no
			// reason to trouble anybody.
			_ = t.store.touch(ctx, t.account, t.id, t.used)
		case <-ctx.Done():
			return
		}
	}
}
