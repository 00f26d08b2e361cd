package jetstream

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
)

// benchCommit returns a commit with about 400 bytes of payload.
func benchCommit(head events.Head) events.Commit {
	return events.Commit{
		Head: head, Command: uuid.New(), Actor: uuid.UUID{1}, Project: uuid.UUID{2}, Time: time.Now(),
		Events: []events.Event{events.CommentAdded{Comment: uuid.New(), Text: string(make([]byte, 55))}},
	}
}

// share runs b.N calls of do on n goroutines, each with its own aggregate.
func share(b *testing.B, n int, do func(*events.Head) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			head := events.Head{Aggregate: events.Task(uuid.New())}
			for left.Add(-1) >= 0 {
				if err := do(&head); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkAppend compares Log.Append with a bare publish of the same bytes with
// the same check, on one node that syncs every write.
func BenchmarkAppend(b *testing.B) {
	nc := brokertest.Conn(b)
	l, err := Open(b.Context(), nc, Options{})
	if err != nil {
		b.Fatal(err)
	}
	compareAppends(b, nc, l)
}

// BenchmarkAppendReplicated is BenchmarkAppend on three nodes and three replicas.
func BenchmarkAppendReplicated(b *testing.B) {
	nc := brokertest.Cluster(b, 3).Conn(b)
	l, err := Open(b.Context(), nc, Options{Replicas: 3})
	if err != nil {
		b.Fatal(err)
	}
	compareAppends(b, nc, l)
}

func compareAppends(b *testing.B, nc *nats.Conn, l *Log) {
	j, err := js.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("bare/writers=%d", writers), func(b *testing.B) {
			commit := benchCommit(events.Head{Aggregate: events.Task(uuid.New())})
			sealed, err := commit.Seal()
			if err != nil {
				b.Fatal(err)
			}
			share(b, writers, func(head *events.Head) error {
				h := nats.Header(sealed[0].Headers())
				h.Set(headerMsgID, nats.NewInbox())
				h.Set(headerExpectedSequence, strconv.FormatUint(head.Sequence, 10))
				for {
					ack, err := j.PublishMsg(b.Context(), &nats.Msg{Subject: head.Aggregate.Subject(), Header: h, Data: sealed[0].Payload})
					var answer *js.APIError
					switch {
					case err == nil:
						head.Sequence = ack.Sequence
						return nil
					// A replicated stream sometimes answers this while the client's
					// previous, already acknowledged write is still in progress.
					case errors.As(err, &answer) && answer.ErrorCode == codeWrongLastSequenceInFlight:
					default:
						return err
					}
				}
			})
		})
		b.Run(fmt.Sprintf("append/writers=%d", writers), func(b *testing.B) {
			share(b, writers, func(head *events.Head) error {
				done, err := l.Append(b.Context(), benchCommit(*head))
				*head = done.Head
				return err
			})
		})
	}
}

// fill stores n events, ten of each aggregate, scattered over the log, and
// returns the aggregates. It omits the check, which is not measured.
func fill(b *testing.B, nc *nats.Conn, n int) []events.Aggregate {
	b.Helper()
	j, err := js.New(nc, js.WithPublishAsyncMaxPending(1000))
	if err != nil {
		b.Fatal(err)
	}
	heads := make([]events.Head, max(n/10, 1))
	for i := range heads {
		heads[i].Aggregate = events.Task(uuid.New())
	}
	for i := range n {
		head := &heads[i%len(heads)]
		commit := benchCommit(*head)
		sealed, err := commit.Seal()
		if err != nil {
			b.Fatal(err)
		}
		*head = head.After(&sealed[0])
		if _, err := j.PublishMsgAsync(&nats.Msg{
			Subject: head.Aggregate.Subject(), Header: sealed[0].Headers(), Data: sealed[0].Payload,
		}, js.WithStallWait(time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
	<-j.PublishAsyncComplete()
	aggregates := make([]events.Aggregate, len(heads))
	for i := range heads {
		aggregates[i] = heads[i].Aggregate
	}
	return aggregates
}

// BenchmarkFollow reads a log of 100,000 events from the beginning.
func BenchmarkFollow(b *testing.B) {
	const total = 100_000
	nc := brokertest.Conn(b)
	l, err := Open(b.Context(), nc, Options{})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, nc, total)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		feed, err := l.Follow(b.Context(), l.at(0), 500)
		if err != nil {
			b.Fatal(err)
		}
		for read := 0; read < total; {
			batch, err := feed.Next(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			read += len(batch.Events)
		}
		feed.Close()
	}
	b.ReportMetric(float64(b.N*total)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkFollowLive measures an append and its delivery to a follower.
func BenchmarkFollowLive(b *testing.B) {
	l, err := Open(b.Context(), brokertest.Conn(b), Options{})
	if err != nil {
		b.Fatal(err)
	}
	feed, err := l.Follow(b.Context(), l.at(0), 500)
	if err != nil {
		b.Fatal(err)
	}
	defer feed.Close()
	head := events.Head{Aggregate: events.Task(uuid.New())}
	var behind time.Duration
	for b.Loop() {
		done, err := l.Append(b.Context(), benchCommit(head))
		if err != nil {
			b.Fatal(err)
		}
		head = done.Head
		acknowledged := time.Now()
		if _, err := feed.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
		behind += time.Since(acknowledged)
	}
	b.ReportMetric(float64(behind.Microseconds())/float64(b.N), "µs-after-ack")
}

// BenchmarkLoad reads aggregates of ten events scattered over the log.
func BenchmarkLoad(b *testing.B) {
	for _, total := range []int{1_000, 200_000} {
		b.Run(fmt.Sprintf("log=%d", total), func(b *testing.B) {
			nc := brokertest.Conn(b)
			l, err := Open(b.Context(), nc, Options{})
			if err != nil {
				b.Fatal(err)
			}
			aggregates := fill(b, nc, total)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				loaded, _, err := l.Load(b.Context(), events.Head{Aggregate: aggregates[i*7919%len(aggregates)]})
				if err != nil || len(loaded) != 10 {
					b.Fatal(len(loaded), err)
				}
				i++
			}
		})
	}
}

// BenchmarkEnd requests the end of the log.
func BenchmarkEnd(b *testing.B) {
	l, err := Open(b.Context(), brokertest.Conn(b), Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.End(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
