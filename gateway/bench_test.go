package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/events"
)

// connections is the number of concurrent clients in the benchmarks.
const connections = 16

// BenchmarkTaskMove moves a task back and forth over HTTP, next to its raw
// limits: the same number of writers publishing messages of the same size to
// JetStream with an expected sequence and no other load, and the same number
// appending the event to the log while the rows follow. All sync every write;
// the clients are part of the process.
func BenchmarkTaskMove(b *testing.B) {
	b.Run("publish", func(b *testing.B) {
		h := open(b)
		h.stopRows()
		stream, err := js.New(h.nc)
		if err != nil {
			b.Fatal(err)
		}
		commit := events.Commit{
			Head: events.Head{Aggregate: events.Task(uuid.New())}, Project: uuid.New(), Command: uuid.New(), Actor: uuid.New(), Time: time.Now(),
			Events: []events.Event{events.TaskMoved{
				Status: events.Changed[string]{From: "waiting", To: "in_progress"}, Rank: events.Changed[string]{From: "0000000000V", To: "0000000000W"},
			}},
		}
		sealed, err := commit.Seal()
		if err != nil {
			b.Fatal(err)
		}
		subjects, last := make([]string, connections), make([]uint64, connections)
		for i := range subjects {
			subjects[i] = events.Task(uuid.New()).Subject()
		}
		spread(b, func(writer, n int) error {
			msg := nats.NewMsg(subjects[writer])
			for name, values := range sealed[0].Headers() {
				msg.Header[name] = values
			}
			msg.Header.Set("Nats-Msg-Id", uuid.NewString())
			msg.Data = sealed[0].Payload
			ack, err := stream.PublishMsg(context.Background(), msg, js.WithExpectLastSequencePerSubject(last[writer]))
			if err != nil {
				return err
			}
			last[writer] = ack.Sequence
			return nil
		})
	})
	b.Run("append", func(b *testing.B) {
		h := open(b)
		heads := make([]events.Head, connections)
		for i := range heads {
			heads[i] = events.Head{Aggregate: events.Task(uuid.New())}
		}
		actor, project := uuid.New(), uuid.New()
		rank := "0000000000V"
		spread(b, func(writer, n int) error {
			from, to := "waiting", "in_progress"
			if n%2 == 1 {
				from, to = to, from
			}
			appended, err := h.log.Append(context.Background(), events.Commit{
				Head: heads[writer], Project: project, Command: uuid.New(), Actor: actor, Time: time.Now(),
				Events: []events.Event{events.TaskMoved{
					Status: events.Changed[string]{From: from, To: to}, Rank: events.Changed[string]{From: rank, To: rank},
				}},
			})
			heads[writer] = appended.Head
			return err
		})
	})
	b.Run("http", func(b *testing.B) { benchmarkMoves(b, false) })
	b.Run("http-idempotent", func(b *testing.B) { benchmarkMoves(b, true) })
}

func benchmarkMoves(b *testing.B, keyed bool) {
	h := open(b)
	ada := h.person("Ada")
	project, _ := ada.project("Bench")
	tasks := make([]string, connections)
	for i := range tasks {
		tasks[i], _ = ada.task(project, fmt.Sprintf("Task %d", i))
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	bodies := [2][]byte{[]byte(`{"status":"in_progress"}`), []byte(`{"status":"waiting"}`)}
	spread(b, func(writer, n int) error {
		r, err := http.NewRequest("PATCH", h.server.URL+tasks[writer], bytes.NewReader(bodies[n%2]))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/merge-patch+json")
		r.Header.Set("Authorization", "Bearer "+ada.secret)
		if keyed {
			r.Header.Set("Idempotency-Key", fmt.Sprintf("%d-%d-%d", b.N, writer, n))
		}
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != 200 {
			text, _ := io.ReadAll(res.Body)
			return fmt.Errorf("%d: %s", res.StatusCode, text)
		}
		_, err = io.Copy(io.Discard, res.Body)
		return err
	})
}

// BenchmarkTaskRead reads a task over HTTP.
func BenchmarkTaskRead(b *testing.B) {
	h := open(b)
	ada := h.person("Ada")
	project, _ := ada.project("Bench")
	task, made := ada.task(project, "Task")
	ada.get(task, made.at()).want(200)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	spread(b, func(int, int) error {
		r, err := http.NewRequest("GET", h.server.URL+task, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+ada.secret)
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != 200 {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		_, err = io.Copy(io.Discard, res.Body)
		return err
	})
}

// spread divides b.N pieces of work among as many writers as there are
// connections.
func spread(b *testing.B, work func(writer, n int) error) {
	b.Helper()
	var next atomic.Int64
	var running sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for writer := range connections {
		running.Go(func() {
			for n := 0; next.Add(1) <= int64(b.N); n++ {
				if err := work(writer, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
