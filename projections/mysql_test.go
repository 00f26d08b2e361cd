package projections

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// onMySQL runs a test if MySQL or MariaDB is available.
func onMySQL(t *testing.T, test func(t *testing.T, d database)) {
	t.Parallel()
	test(t, databaseNamed(t, "mysql"))
}

// A transaction that loses a deadlock is retried; it neither fails nor is
// applied twice.
func TestDeadlockIsRetried(t *testing.T) {
	onMySQL(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(41)).steps(60)
		begin(t, s)
		a := resume(t, s, 1000)
		defer a.close()
		if err := a.apply(t.Context(), chunkAt(l, a.position, 30, 0)); err != nil {
			t.Fatal(err)
		}
		before := a.position

		// The rival has done more work, so the other transaction is rolled
		// back.
		rival, err := s.write.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer rival.Close()
		do := func(statement string) {
			t.Helper()
			if _, err := rival.ExecContext(t.Context(), statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
		do("create table rival (n int primary key)")
		do("start transaction")
		do("insert into rival with recursive r as (select 1 as n union all select n + 1 from r where n < 500) select n from r")
		do("update " + (&schema.Table{Name: "heads"}).In(a.generation) + " set held = held + 1")
		applied := make(chan error, 1)
		go func() { applied <- a.apply(context.WithoutCancel(t.Context()), chunkAt(l, before, 1000, 0)) }()
		outcome := sync.OnceValue(func() error {
			do("rollback")
			return <-applied
		})
		defer outcome() // before a is closed, whatever fails
		testkit.Eventually(t, "the transaction waits for the rival", func() (string, bool) {
			// InnoDB repeats its previous report to clients that ask again
			// within a tenth of a second
			// (https://bugs.mysql.com/bug.php?id=48883).
			time.Sleep(200 * time.Millisecond)
			waiting, err := column1[int](t.Context(), s.write, `select count(*) from information_schema.innodb_trx t
				join information_schema.processlist p on p.id = t.trx_mysql_thread_id where p.db = database() and t.trx_state = 'LOCK WAIT'`)
			return fmt.Sprintf("%v transactions wait, %v", waiting, err), err == nil && waiting[0] > 0
		})
		do("update docket_checkpoints set head = head")
		if err := outcome(); err != nil {
			t.Fatal(err)
		}
		if n := a.session.(interface{ Repeated() int }).Repeated(); n == 0 {
			t.Error("nothing was done again: the test has met no deadlock")
		}
		sameRows(t, s, l)
	})
}

// If a process dies between two tables of a new generation, each of which is
// committed when it is created, none of it is served and none of it stays. A
// cleanup beside a live process leaves that process's tables in place.
func TestGenerationsAreMadeTableByTable(t *testing.T) {
	onMySQL(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(42)).steps(40)
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		want := dump(t, s)
		// The third table of the next generation cannot be created.
		if _, err := s.write.ExecContext(t.Context(), "create table "+fold.Tables()[2].In(2)+" (n int)"); err != nil {
			t.Fatal(err)
		}
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err == nil {
			t.Fatal("a generation came into being with a table of somebody else's")
		}
		if dump(t, s) != want {
			t.Error("half a generation changed what is served")
		}
		half, err := s.other(t.Context(), toFinish)
		if err != nil || half.generation != 2 {
			t.Fatalf("unfinished: %+v, %v", half, err)
		}
		count := func() int {
			names, err := column1[string](t.Context(), s.write, s.dialect.Catalog())
			if err != nil {
				t.Fatal(err)
			}
			return len(names)
		}
		had := count()
		if err := s.clean(t.Context()); err != nil || count() != had {
			t.Errorf("tables of a generation that is being made were dropped: %d of %d are left, %v", count(), had, err)
		}
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		onlyLiveAndKept(t, s)
		sameRows(t, s, l)
	})
}

// Connections that the server has closed are replaced without a failure.
func TestClosedConnectionsAreReplaced(t *testing.T) {
	onMySQL(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		sim := newSimulation(l, testChoices(43))
		sim.steps(20)
		begin(t, s)
		a := resume(t, s, 1000)
		defer a.close()
		read := func() error {
			return s.Read(t.Context(), events.Position{}, func(q *Snapshot) error { _, err := q.People(t.Context()); return err })
		}
		for range 3 {
			sim.steps(5)
			if err := a.apply(t.Context(), chunkAt(l, a.position, 1000, 0)); err != nil {
				t.Fatal(err)
			}
			if err := read(); err != nil {
				t.Fatal(err)
			}
			others, err := column1[int64](t.Context(), s.write, "select id from information_schema.processlist where db = database() and id <> connection_id()")
			if err != nil || len(others) == 0 {
				t.Fatalf("connections %v, %v", others, err)
			}
			for _, other := range others {
				if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf("kill connection %d", other)); err != nil {
					t.Fatal(err)
				}
			}
			testkit.Eventually(t, "the server has closed them", func() (string, bool) {
				left, err := column1[int64](t.Context(), s.write, "select id from information_schema.processlist where db = database() and id <> connection_id()")
				return fmt.Sprintf("connections %v, %v", left, err), err == nil && len(left) == 0
			})
		}
		sameRows(t, s, l)
	})
}

// An unreachable database is unavailable, which says nothing about the request.
func TestUnreachableMySQL(t *testing.T) {
	onMySQL(t, func(t *testing.T, d database) {
		address := d.fresh(t)
		s := openURL(t, address)
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		u.Host = "127.0.0.1:1"
		_, unreachable, err := dialect.Open(u.String(), 1)
		if err != nil {
			t.Fatal(err)
		}
		reachable := s.read
		s.read = unreachable.Read
		err = s.Read(t.Context(), events.Position{}, func(*Snapshot) error { t.Error("was read"); return nil })
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("unreachable: %v", err)
		}
		if err := errors.Join(unreachable.Write.Close(), reachable.Close()); err != nil {
			t.Error(err)
		}
	})
}
