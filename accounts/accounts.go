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

	"github.com/docketlog/docket/accounts/password"
	"github.com/docketlog/docket/events"
)

// Options configure [Open]. The zero value is for a single broker.
type Options struct {
	// Replicas is the number of replicas of each new bucket; 0 means 1.
	Replicas int
	// Logger receives recoveries from crashes, and watches that are lost and
	// restarted; nothing is logged if it is nil. It receives ids and no
	// personal data.
	Logger *slog.Logger
	// Now is the clock for the expiry of sessions, tokens and attempts; nil
	// means time.Now.
	Now func() time.Time
	// HashConcurrency is how many passwords are hashed concurrently; 0 means
	// one per processor.
	HashConcurrency int
	// Argon2 is the cost of a hash; zero means [password.DefaultCost].
	Argon2 password.Cost
	// Limits limit attempts; zero fields have the value in [DefaultLimits].
	Limits Limits
	// CacheSize is how many sessions and how many tokens are cached; 0 means
	// 10,000 of each, which takes a few megabytes.
	CacheSize int
	// CopiedFrom and CopiedTo are the times between which buckets and log were
	// copied, if they were restored from a copy, and zero otherwise. Registrations
	// and erasures from between these times may be missing from the log.
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
	if o.Argon2 == (password.Cost{}) {
		o.Argon2 = password.DefaultCost
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

// Accounts authenticates people and manages their accounts. Any number of
// processes may open the same buckets; a change by one applies to all. All
// methods may be called concurrently, until Close.
type Accounts struct {
	log     events.Log
	options Options
	now     func() time.Time
	nc      *nats.Conn

	people    *bucket
	claims    *bucket
	filters   *bucket
	instance  *instance
	passwords *password.Hasher
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

// touch is a use of a credential that is to be recorded.
type touch struct {
	store       *credentialStore
	account, id uuid.UUID
	used        time.Time
}

// Open creates missing buckets, loads the people, and completes erasures that a
// crash interrupted. It returns once names can be shown and secrets can be
// checked. The caller keeps ownership of nc and closes it after Close.
func Open(ctx context.Context, nc *nats.Conn, log events.Log, options Options) (*Accounts, error) {
	options = options.withDefaults()
	a := &Accounts{log: log, options: options, now: options.Now, nc: nc, touches: make(chan touch, 256), heads: newHeads()}
	if err := a.openBuckets(ctx); err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	a.passwords = password.NewHasher(options.Argon2, options.HashConcurrency)

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	watches := []*watch{a.directory.watch, a.sessions.watch, a.tokens.watch}
	for _, w := range watches {
		a.running.Go(func() { w.run(background) })
	}
	status := nc.StatusChanged()
	a.running.Go(func() {
		// After any change of the connection's status, changes may be missing.
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

// Close stops all background work and waits for it.
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
			// The time of last use is only informative, so an error is ignored.
			_ = t.store.touch(ctx, t.account, t.id, t.used)
		case <-ctx.Done():
			return
		}
	}
}
