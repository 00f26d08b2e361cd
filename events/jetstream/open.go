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

// metadataIncarnation is the stream's metadata that tells one life of the log
// from another. It is written when the stream is made and never again.
const metadataIncarnation = "docket-incarnation"

// duplicateWindow is how long the server remembers event ids. It saves reading
// the log back for a quick retry; nothing depends on its length.
const duplicateWindow = 2 * time.Minute

// Options say which stream and how it is kept.
type Options struct {
	// Stream is the stream's name, [DefaultStream] if empty.
	Stream string
	// Replicas is the number of servers that hold each event. 0 makes a new
	// stream with one and accepts an existing one as it is.
	Replicas int
	// Logger receives what a caller is not told; nothing is logged if nil.
	Logger *slog.Logger
	// Acknowledged, if not nil, is told how long each commit took that is now
	// in the log, from the call of Append. It must return at once.
	Acknowledged func(took time.Duration)
	// Sound, if not nil, is false once the server can store no more. From then
	// on nothing that is read from it counts: the event whose storing failed
	// can be read like any other, and is gone with the server's memory.
	Sound func() bool
}

// Log is an [events.Log] in a JetStream stream.
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

// Open makes the stream, or checks the one that is there: every setting that
// would break a guarantee of the log is named in the error. Processes that open
// at once agree on one incarnation. A cluster that has no leader yet is waited
// for until ctx ends. The connection stays the caller's.
func Open(ctx context.Context, nc *nats.Conn, o Options) (*Log, error) {
	return openAs(ctx, nc, o, o.Replicas)
}

// openAs is [Open] that accepts a stream of so many replicas or more.
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
		// Of those that open at once, one may be told that the name is taken
		// and a moment later that there is no such stream yet.
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

// provide returns the stream as the servers have it, made if it was not there.
func provide(ctx context.Context, j js.JetStream, o Options) (*js.StreamInfo, error) {
	stream, err := j.Stream(ctx, o.Stream)
	if errors.Is(err, js.ErrStreamNotFound) {
		_, err = j.CreateStream(ctx, js.StreamConfig{
			Name:               o.Stream,
			Description:        "Docket: every event, for good",
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
		// Another process may have been first, with an incarnation of its own:
		// whichever the servers took is read back.
		if err == nil || errors.Is(err, js.ErrStreamNameAlreadyInUse) {
			stream, err = j.Stream(ctx, o.Stream)
		}
	}
	if err != nil {
		return nil, err
	}
	return stream.CachedInfo(), nil
}

// newIncarnation is eight random characters of those a position may hold.
func newIncarnation() string { return strings.ToLower(rand.Text()[:8]) }

// verify names every setting under which the log could lose an event, change
// one, or acknowledge one too early.
func verify(info *js.StreamInfo, replicas int) error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	c := info.Config
	_, err := events.ParsePosition(events.Position{Incarnation: c.Metadata[metadataIncarnation]}.String())
	want(err == nil, "metadata %s is %q, want letters a to z and digits: this is not a stream of Docket's", metadataIncarnation, c.Metadata[metadataIncarnation])
	want(slices.Equal(c.Subjects, []string{events.AllSubjects}), "subjects are %q, want %q", c.Subjects, events.AllSubjects)
	want(c.Storage == js.FileStorage, "storage is %s, want file", c.Storage)
	want(c.Retention == js.LimitsPolicy, "retention is %s, want limits", c.Retention)
	want(c.Discard == js.DiscardNew, "discard is %s, want new", c.Discard)
	want(c.MaxAge == 0, "max age is %s, want none", c.MaxAge)
	want(c.MaxMsgsPerSubject <= 0, "max messages per subject is %d, want none", c.MaxMsgsPerSubject)
	want(c.DenyDelete, "deny delete is off")
	want(c.DenyPurge, "deny purge is off")
	want(!c.AllowRollup, "allow rollup is on, which deletes")
	want(!c.AllowMsgTTL, "allow message TTL is on, which deletes")
	want(!c.NoAck, "no ack is on")
	want(!c.Sealed, "the stream is sealed")
	want(c.PersistMode == js.DefaultPersistMode, "persist mode is asynchronous, want the default")
	want(c.AllowDirect, "allow direct is off")
	want(c.AllowAtomicPublish, "allow atomic publish is off")
	want(c.Mirror == nil && len(c.Sources) == 0, "it copies another stream")
	want(c.SubjectTransform == nil, "it transforms subjects")
	want(c.Replicas >= replicas, "replicas are %d, want %d", c.Replicas, replicas)
	want(info.State.NumDeleted == 0 && info.State.FirstSeq <= 1, "messages are missing: the first is %d, %d were deleted", info.State.FirstSeq, info.State.NumDeleted)
	return errors.Join(errs...)
}

// Incarnation is the life of the log this is.
func (l *Log) Incarnation() string { return l.incarnation }

// End implements [events.Log]. It is one request, answered by the stream's
// leader from memory.
func (l *Log) End(ctx context.Context) (events.Position, error) {
	s, err := l.state(ctx)
	if err != nil {
		return events.Position{}, fmt.Errorf("end of the log: %w", err)
	}
	return s, nil
}

// state asks for the log's end and refuses another incarnation.
func (l *Log) state(ctx context.Context) (events.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, retry.Timeout)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if err != nil {
		return events.Position{}, err
	}
	info := s.CachedInfo()
	if other := info.Config.Metadata[metadataIncarnation]; other != l.incarnation {
		return events.Position{}, fmt.Errorf("%w: have %s, the stream is now %s", events.ErrIncarnation, l.incarnation, other)
	}
	return l.at(info.State.LastSeq), nil
}

func (l *Log) at(sequence uint64) events.Position {
	return events.Position{Incarnation: l.incarnation, Sequence: sequence}
}
