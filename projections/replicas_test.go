package projections

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

func openReplicas(t *testing.T, urls ...string) *Replicas {
	t.Helper()
	r, err := OpenReplicas(t.Context(), urls, Options{Logger: testLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// chosen returns the index of the database that would be queried next, or -1.
func chosen(r *Replicas) int {
	for i, one := range r.Replicas() {
		if one.Chosen {
			return i
		}
	}
	return -1
}

func titles(r *Replicas, at events.Position) (list []string, reached events.Position, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Limit)
	defer cancel()
	err = r.Read(ctx, at, func(q *Snapshot) error {
		list, reached = nil, q.Position
		tasks, _, err := q.Tasks(ctx, id(1), id(1000), TaskFilter{}, Page{})
		for _, task := range tasks {
			list = append(list, task.Title)
		}
		return err
	})
	return list, reached, err
}

// answered returns titles. It asks again while no database is known to be
// reachable: a busy one may not have reported in time that it is.
func answered(t *testing.T, r *Replicas, at events.Position) (list []string, reached events.Position, err error) {
	t.Helper()
	testkit.Eventually(t, "a database within reach", func() (error, bool) {
		list, reached, err = titles(r, at)
		return err, !errors.Is(err, ErrUnavailable)
	})
	return list, reached, err
}

// chooses waits until a database is the one that is queried next.
func chooses(t *testing.T, want string, r *Replicas, n int) {
	t.Helper()
	testkit.Eventually(t, want, func() (string, bool) {
		return fmt.Sprintf("%+v", r.Replicas()), chosen(r) == n
	})
}

// The freshest database answers; among equally fresh ones the first does. A
// requested position is visible in whichever database has it.
func TestFreshestReplicaAnswers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		l := newMemoryLog()
		team := newTeam(l)
		team.founded(1000, 1)
		urls := []string{d.fresh(t), d.fresh(t)}
		stores := []*Store{openURL(t, urls[0]), openURL(t, urls[1])}
		_, stopFirst := run(t, stores[0], l, ProjectorOptions{})
		run(t, stores[1], l, ProjectorOptions{})
		arrive(t, stores[0], l)
		arrive(t, stores[1], l)
		r := openReplicas(t, urls...)
		chooses(t, "the first of two that are equally fresh is chosen", r, 0)

		stopFirst()
		at := team.task(1, 1000, 1, created(1000, "after the first stood still"))
		list, reached, err := answered(t, r, at)
		if err != nil || len(list) != 1 || reached != at {
			t.Errorf("at %s there is %q, at %s (%v)", at, list, reached, err)
		}
		chooses(t, "the one that goes on is chosen", r, 1)
		if list, _, err := answered(t, r, events.Position{}); err != nil || len(list) != 1 {
			t.Errorf("without a position there is %q (%v)", list, err)
		}
		if status, err := r.Status(t.Context()); err != nil || status.Position != at {
			t.Errorf("the status is of %s, want %s (%v)", status.Position, at, err)
		}

		run(t, stores[0], l, ProjectorOptions{})
		chooses(t, "the first is chosen again once it has caught up", r, 0)
	})
}

// Callers see no failure when a database closes connections, refuses them, or
// stops answering, as long as another is available. The database is used again
// when it is back.
func TestReplicaFails(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mysql"} {
		for _, how := range []string{"closed", "silent"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				d := databaseNamed(t, name)
				l := newMemoryLog()
				team := newTeam(l)
				team.founded(1000, 1)
				team.task(1, 1000, 1, created(1000, "Fix the tap"))
				near, far := d.fresh(t), d.fresh(t)
				for _, url := range []string{near, far} {
					s := openURL(t, url)
					run(t, s, l, ProjectorOptions{})
					arrive(t, s, l)
				}
				w := newWire(t, near)
				r := openReplicas(t, w.url, far)
				see := func() {
					t.Helper()
					testkit.Eventually(t, "rows", func() (error, bool) {
						list, _, err := titles(r, l.end())
						// On a busy machine the other database may be
						// considered unreachable too.
						if errors.Is(err, ErrUnavailable) && !r.Replicas()[1].Reachable {
							return err, false
						}
						if err != nil || len(list) != 1 {
							t.Errorf("there is %q (%v)", list, err)
						}
						return err, true
					})
				}
				see()
				chooses(t, "the first is used while it is there", r, 0)
				w.lose(how == "silent")
				for range 20 {
					see()
				}
				testkit.Eventually(t, "the first is lost and the other is used", func() (string, bool) {
					replicas := r.Replicas()
					return fmt.Sprintf("%+v", replicas), !replicas[0].Reachable && replicas[0].Why != nil && replicas[1].Chosen && replicas[1].Reads != 0
				})
				w.mend()
				chooses(t, "the first is used again", r, 0)
				see()
			})
		}
	}
}

// While no database can be reached, queries fail at once, as for a single
// database. A database that has not been prepared holds no rows, and serves
// them as soon as it does.
func TestReplicasAppearLater(t *testing.T) {
	t.Parallel()
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nowhere.Addr().String()
	nowhere.Close()
	r := openReplicas(t, "postgres://docket:hush@"+address+"/rows", "mysql://docket:hush@"+address+"/rows")
	if _, _, err := titles(r, events.Position{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without databases: %v", err)
	}
	if err := r.Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without databases: %v", err)
	}
	if name := r.Replicas()[0].Name; name != "postgres://"+address+"/rows" {
		t.Errorf("a database is called %q", name)
	}
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		r := openReplicas(t, url, "postgres://docket@"+address+"/rows")
		if _, _, err := answered(t, r, events.Position{}); !errors.Is(err, ErrStale) {
			t.Errorf("with a new database: %v", err)
		}
		if _, err := r.Status(t.Context()); err != nil {
			t.Errorf("with a new database: %v", err)
		}
		newTeam(l).founded(1000, 1)
		run(t, openURL(t, url), l, ProjectorOptions{})
		if list, _, err := answered(t, r, l.end()); err != nil || len(list) != 0 {
			t.Errorf("there is %q (%v)", list, err)
		}
	})
}

// A user with read permission only is enough.
func TestReplicasAreOnlyRead(t *testing.T) {
	t.Parallel()
	for name, grant := range map[string]string{
		"postgres": "create role %[1]s login; grant pg_read_all_data to %[1]s",
		"mysql":    "grant select on *.* to %[1]s@'127.0.0.1' identified by ''",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			owner, l := databaseNamed(t, name).fresh(t), newMemoryLog()
			newTeam(l).founded(1000, 1)
			s := openURL(t, owner)
			run(t, s, l, ProjectorOptions{})
			arrive(t, s, l)
			reader := fmt.Sprintf("reader_%d", schemas.Add(1))
			for statement := range strings.SplitSeq(fmt.Sprintf(grant, reader), ";") {
				if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			t.Cleanup(func() {
				if _, err := s.write.ExecContext(context.Background(), map[string]string{
					"postgres": "drop role " + reader, "mysql": "drop user " + reader + "@'127.0.0.1'",
				}[name]); err != nil {
					t.Error(err)
				}
			})
			u, err := url.Parse(owner)
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.User(reader)
			r := openReplicas(t, u.String(), owner)
			if list, _, err := answered(t, r, l.end()); err != nil || len(list) != 0 {
				t.Errorf("there is %q (%v)", list, err)
			}
			if status, err := r.Status(t.Context()); err != nil || status.Position != l.end() || chosen(r) != 0 {
				t.Errorf("the status is %+v (%v) of number %d", status, err, chosen(r))
			}
			if _, err := r.Parked(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := r.all[0].store.write.ExecContext(t.Context(), "delete from docket_checkpoints"); err == nil {
				t.Error("the reader may delete")
			}
		})
	}
}

// wire is a connection to a database that can be lost.
type wire struct {
	t      *testing.T
	url    string
	target string
	mu     sync.Mutex
	lost   bool
	silent bool
	conns  []net.Conn
}

func newWire(t *testing.T, database string) *wire {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, target: u.Host}
	u.Host = listener.Addr().String()
	w.url = u.String()
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { w.carry(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		w.lose(false)
		carrying.Wait()
	})
	return w
}

func (w *wire) carry(near net.Conn) {
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		near.Close()
		return
	}
	w.mu.Lock()
	w.conns = append(w.conns, near, far)
	if w.lost && !w.silent {
		near.Close()
	}
	w.mu.Unlock()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			_, _ = io.Copy(gate{w, way[0]}, way[1])
			near.Close()
			far.Close()
		})
	}
	both.Wait()
}

// gate blocks all traffic while the wire is silent.
type gate struct {
	*wire
	to net.Conn
}

func (g gate) Write(b []byte) (int, error) {
	for {
		g.mu.Lock()
		shut := g.lost && g.silent
		g.mu.Unlock()
		if !shut {
			return g.to.Write(b)
		}
		time.Sleep(time.Millisecond)
	}
}

func (w *wire) lose(silent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost, w.silent = true, silent
	if !silent {
		for _, conn := range w.conns {
			conn.Close()
		}
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost = false
}

// A gateway starts without its databases. The reason why one is unreachable,
// such as a wrong password, is logged once, not at every check.
func TestUnreachableReplicaIsReported(t *testing.T) {
	t.Parallel()
	var said testkit.Buffer
	r, err := OpenReplicas(t.Context(), []string{"postgres://docket:secret@127.0.0.1:1/docket"}, Options{Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.look(r.all[0])
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	text := said.String()
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, "database=postgres://127.0.0.1:1/docket") || strings.Contains(text, "secret") {
		t.Errorf("said: %s", text)
	}
}
