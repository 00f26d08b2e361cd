package projections

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// benchEvents is the size of the projected log.
const benchEvents = 60_000

// benchLog returns a log as a busy team would write it: a fifth of the events
// create tasks, the others concern tasks of the last weeks.
func benchLog() *memoryLog {
	l := newMemoryLog()
	team, r := newTeam(l), rand.New(rand.NewPCG(1, 1))
	const projects, members = 20, 10
	for p := range projects {
		team.founded(1000+p, 1, 2, 3, 4, 5, 6, 7, 8, 9, members)
	}
	text := strings.Repeat("as long as people write it ", 8)
	in := []int{}
	for len(l.stored) < benchEvents {
		someone := 1 + r.IntN(members)
		if len(in) == 0 || r.IntN(5) == 0 {
			p := 1000 + r.IntN(projects)
			in = append(in, p)
			team.task(10_000+len(in), p, someone, events.TaskCreated{
				Project: id(p), Title: "A title of usual length " + strconv.Itoa(len(in)), Description: text, Status: "waiting",
				Rank: "V" + strconv.Itoa(r.IntN(1e6)), Priority: events.PriorityMedium, Labels: []string{"home"}, Assignees: []uuid.UUID{id(someone)},
			})
			continue
		}
		n := max(0, len(in)-1-r.IntN(3000))
		task, p := 10_001+n, in[n]
		switch r.IntN(4) {
		case 0, 1:
			team.task(task, p, someone, events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "in_progress"}, Rank: events.Changed[string]{From: "V", To: "W"}})
		case 2:
			team.task(task, p, someone, events.TaskEdited{Title: &events.Changed[string]{From: "A title", To: "Another title of usual length"}})
		case 3:
			team.task(task, p, someone, events.CommentAdded{Comment: uuid.New(), Text: text[:100]})
		}
	}
	return l
}

// BenchmarkProjection measures events per second, in alternating runs so that
// other load on the machine affects all of them:
//
//	raw      a hand-written loop that only writes the rows, folded beforehand,
//	         and a checkpoint, 500 events a transaction
//	live     a projector that catches up, 500 events a transaction
//	bulk     the same loop, 20,000 events a transaction: what a rebuild could reach
//	rebuild  Rebuild of the same log
//
// live% is live as a percentage of raw, rebuild% is rebuild as a percentage of bulk.
func BenchmarkProjection(b *testing.B) {
	l := benchLog()
	folded, large := foldBeforehand(l, 500), foldBeforehand(l, buildBatch)
	for _, variable := range []string{postgresVariable, mysqlVariable} {
		if os.Getenv(variable) == "" {
			b.Log("not everything is measured: " + variable + " is not set")
		}
	}
	for _, d := range databases() {
		b.Run(d.name, func(b *testing.B) {
			var raw, live, bulk, rebuild time.Duration
			for b.Loop() {
				raw += timed(b, d, func(s *Store) { rawLoop(b, d, s, folded) })
				live += timed(b, d, func(s *Store) {
					ctx, cancel := context.WithCancel(context.Background())
					var running sync.WaitGroup
					running.Go(func() { _ = NewProjector(s, l, ProjectorOptions{}).Run(ctx) })
					arrive(b, s, l)
					cancel()
					running.Wait()
				})
				bulk += timed(b, d, func(s *Store) { rawLoop(b, d, s, large) })
				rebuild += timed(b, d, func(s *Store) {
					if _, err := Rebuild(context.Background(), s, l, RebuildOptions{}); err != nil {
						b.Fatal(err)
					}
				})
			}
			rate := func(took time.Duration) float64 { return float64(len(l.stored)*b.N) / took.Seconds() }
			b.ReportMetric(rate(raw), "raw-ev/s")
			b.ReportMetric(rate(live), "live-ev/s")
			b.ReportMetric(rate(bulk), "bulk-ev/s")
			b.ReportMetric(rate(rebuild), "rebuild-ev/s")
			b.ReportMetric(100*rate(live)/rate(raw), "live%")
			b.ReportMetric(100*rate(rebuild)/rate(bulk), "rebuild%")
		})
	}
}

// timed returns how long f takes on a database with an empty generation.
func timed(b *testing.B, d database, f func(*Store)) time.Duration {
	s := d.open(b)
	begin(b, s)
	runtime.GC()
	began := time.Now()
	f(s)
	return time.Since(began)
}

// foldBeforehand returns the log as what each transaction writes.
func foldBeforehand(l *memoryLog, n int) [][]schema.Change {
	r := fold.NewRows(fold.Projections())
	r.Reset(true)
	var list [][]schema.Change
	for at := l.end().At(0); at != l.end(); {
		c := chunkAt(l, at, n, 0)
		for i := range c.facts {
			r.Want(&c.facts[i])
			r.Apply(&c.facts[i])
		}
		list = append(list, r.Changes())
		r.Settle()
		at = c.end
	}
	return list
}

// BenchmarkFold measures folding alone, including the list of what 500 events
// per transaction would write, without a database.
func BenchmarkFold(b *testing.B) {
	l := benchLog()
	b.ReportAllocs()
	for b.Loop() {
		foldBeforehand(l, 500)
	}
	b.ReportMetric(float64(len(l.stored)*b.N)/b.Elapsed().Seconds(), "ev/s")
}

// BenchmarkVisible measures the time from when an event is in the log until it
// is in an answer.
func BenchmarkVisible(b *testing.B) {
	for _, d := range databases() {
		b.Run(d.name, func(b *testing.B) {
			s, l := d.open(b), newMemoryLog()
			team := newTeam(l)
			team.founded(1000, 1)
			run(b, s, l, ProjectorOptions{})
			arrive(b, s, l)
			var worst time.Duration
			for n := 1; b.Loop(); n++ {
				began := time.Now()
				at := team.task(n, 1000, 1, created(1000, "x"))
				if err := s.Read(b.Context(), at, func(q *Snapshot) error {
					_, err := q.Task(b.Context(), id(1), id(n))
					return err
				}); err != nil {
					b.Fatal(err)
				}
				worst = max(worst, time.Since(began))
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}

// BenchmarkQueries measures queries on a project of 5,000 tasks.
func BenchmarkQueries(b *testing.B) {
	l := newMemoryLog()
	team := newTeam(l)
	team.founded(1000, 1, 2, 3)
	for n := range 5000 {
		e := created(1000, "A title of usual length "+strconv.Itoa(n))
		e.Rank, e.Assignees, e.Labels = fmt.Sprintf("%05d", (n*7919)%5000), []uuid.UUID{id(1 + n%3)}, []string{"home"}
		e.Description = strings.Repeat("words ", 40)
		team.task(n+1, 1000, 1, e)
	}
	for _, d := range databases() {
		s := d.open(b)
		if _, err := Rebuild(context.Background(), s, l, RebuildOptions{}); err != nil {
			b.Fatal(err)
		}
		for _, q := range []struct {
			name string
			ask  func(*Snapshot) error
		}{
			{"board", func(q *Snapshot) error { _, err := q.Board(context.Background(), id(1), id(1000)); return err }},
			{"task", func(q *Snapshot) error { _, err := q.Task(context.Background(), id(1), id(77)); return err }},
			{"list", func(q *Snapshot) error {
				_, _, err := q.Tasks(context.Background(), id(1), id(1000), TaskFilter{}, Page{})
				return err
			}},
			{"search", func(q *Snapshot) error {
				_, _, err := q.Tasks(context.Background(), id(1), id(1000), TaskFilter{Text: "length 4999"}, Page{})
				return err
			}},
			{"mine", func(q *Snapshot) error {
				_, _, err := q.MyTasks(context.Background(), id(1), TaskFilter{Open: true}, Page{})
				return err
			}},
			{"all", func(q *Snapshot) error {
				_, _, err := q.AllTasks(context.Background(), id(1), TaskFilter{}, Page{})
				return err
			}},
			{"all by number", func(q *Snapshot) error {
				_, _, err := q.AllTasks(context.Background(), id(1), TaskFilter{Number: 77}, Page{})
				return err
			}},
			{"all search", func(q *Snapshot) error {
				_, _, err := q.AllTasks(context.Background(), id(1), TaskFilter{Text: "length 4999"}, Page{})
				return err
			}},
			{"labels", func(q *Snapshot) error { _, err := q.Labels(context.Background(), id(1), id(1000)); return err }},
		} {
			b.Run(d.name+"/"+q.name, func(b *testing.B) {
				for b.Loop() {
					if err := s.Read(context.Background(), events.Position{}, q.ask); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
