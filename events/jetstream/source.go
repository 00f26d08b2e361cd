package jetstream

import (
	"context"
	"sync"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/events"
)

// source is a consumer of the stream and the items it has delivered.
type source struct {
	log    *Log
	name   string
	items  chan item
	failed chan error // holds the first failure
	run    js.ConsumeContext
	closed chan struct{}
	once   sync.Once
}

// item is a parsed message of the stream.
type item struct {
	sequence  uint64
	event     events.Envelope
	malformed bool
	stored    time.Time
	pending   uint64 // messages after it when it was sent
}

// source starts a consumer at the given sequence. Another goroutine reads ahead
// of the feed, up to feedBytes and ahead items.
func (l *Log) source(ctx context.Context, from uint64, ahead int) (*source, error) {
	consumer, err := l.js.CreateConsumer(ctx, l.stream, js.ConsumerConfig{
		Description:       "docket feed",
		DeliverPolicy:     js.DeliverByStartSequencePolicy,
		OptStartSeq:       from,
		AckPolicy:         js.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: feedIdle,
	})
	if err != nil {
		return nil, err
	}
	s := &source{
		log:    l,
		name:   consumer.CachedInfo().Name,
		items:  make(chan item, min(max(ahead, 64), 4096)),
		failed: make(chan error, 1),
		closed: make(chan struct{}),
	}
	s.run, err = consumer.Consume(s.take,
		js.PullMaxBytes(feedBytes),
		js.PullHeartbeat(heartbeat),
		js.ConsumeErrHandler(func(_ js.ConsumeContext, err error) { s.fail(err) }),
	)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *source) take(m js.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		s.fail(err)
		return
	}
	it := s.log.item(&stored{
		subject: m.Subject(), sequence: meta.Sequence.Stream, header: m.Headers(), data: m.Data(), time: meta.Timestamp,
	}, meta.NumPending)
	select {
	case s.items <- it:
	case <-s.closed:
	}
}

func (s *source) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// close stops the consumer and deletes it on the server. If the server cannot be
// reached, it deletes the consumer by itself after feedIdle.
func (s *source) close() {
	s.once.Do(func() {
		close(s.closed)
		s.run.Stop()
		if s.log.nc.IsConnected() {
			_ = s.log.nc.Publish("$JS.API.CONSUMER.DELETE."+s.log.stream+"."+s.name, nil)
		}
	})
}

// item parses a message.
func (l *Log) item(m *stored, pending uint64) item {
	e, err := l.envelope(m)
	return item{sequence: m.sequence, event: e, malformed: err != nil, stored: m.time, pending: pending}
}
