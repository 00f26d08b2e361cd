package bench

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// BenchmarkCapacity measures the basis of the capacity table in
// docs/operations/deploy.md. -benchtime 300000x sets the number of events in
// the log, ten in the life of each task. It reports the disk space of an event
// in the log and in the rows of each database; the memory of each role with an
// empty log, with that log and under load; and the CPU time of a command and a
// query in each role.
func BenchmarkCapacity(b *testing.B) {
	if b.N == 1 {
		return // one event is not representative
	}
	c := &capacity{B: b, data: b.TempDir()}
	c.startNATS()
	c.settle()
	c.fill(b.N)
	b.ReportMetric(c.measureLog(), "log-B/event")
	c.measureBackup()
	for _, name := range []string{"sqlite", "postgres", "mysql"} {
		c.measureRows(name)
	}
	c.measureRoles()
}

// capacity is one run of BenchmarkCapacity.
type capacity struct {
	*testing.B
	data, store string
	address     string
	nats        *exec.Cmd
	nc          *nats.Conn
	end         uint64
	owner       *dockettest.Person
	actor       uuid.UUID
	projects    []string
	tasks       []string
}

func (c *capacity) role(name, database string) *dockettest.Process {
	return dockettest.Start(c.B, name, "--nats", c.address, "--database", database, "--data", c.data, "--http", "127.0.0.1:0", "--url", "http://docket.test")
}

// startNATS runs a server as a separate process, so that its memory can be
// measured. It does not sync, because its speed is not measured.
func (c *capacity) startNATS() {
	binary := filepath.Join(c.TempDir(), "nats-server")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		c.Fatalf("%v: %s", err, out)
	}
	c.store = c.TempDir()
	host := testkit.FreeAddress(c.B)
	_, port, _ := strings.Cut(host, ":")
	c.nats = exec.Command(binary, "-a", "127.0.0.1", "-p", port, "-js", "-sd", c.store)
	if err := c.nats.Start(); err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = c.nats.Process.Kill(); _ = c.nats.Wait() })
	c.address = "nats://" + host
	nc, err := broker.Dial(c.Context(), c.address)
	if err != nil {
		c.Fatal(err)
	}
	c.nc = nc
	c.Cleanup(nc.Close)
}

// settle registers an account with twenty projects and reports what the roles
// use before there is any other data.
func (c *capacity) settle() {
	database := "sqlite:" + filepath.Join(c.TempDir(), "rows.db")
	gateway, projector, notifier := c.role("gateway", database), c.role("projector", database), c.role("notifier", database)
	c.owner = dockettest.Join(c.B, gateway, "Mina")
	c.actor = uuid.MustParse(c.owner.Ask(200, "GET", "/api/v1/me", nil)["id"].(string))
	for i := range 20 {
		c.projects = append(c.projects, c.owner.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": fmt.Sprint("Garden ", i)})["id"].(string))
	}
	time.Sleep(2 * time.Second)
	c.Logf("empty: gateway %.0f MB, projector %.0f MB, notifier %.0f MB, NATS %.0f MB", residentMB(c.B, gateway.Cmd.Process.Pid),
		residentMB(c.B, projector.Cmd.Process.Pid), residentMB(c.B, notifier.Cmd.Process.Pid), residentMB(c.B, c.nats.Process.Pid))
	for _, d := range []*dockettest.Process{gateway, projector, notifier} {
		d.Stop()
	}
}

// lifeOf returns the events in the life of a task: it is created, described,
// discussed, moved across the board and finished.
func lifeOf(project, actor uuid.UUID, n int) []events.Event {
	rank := func(i int) string { return fmt.Sprintf("%08d%02dV", n, i) }
	words := strings.Repeat("what has to be done and why it matters ", 8)
	moved := func(i int, from, to string) events.Event {
		return events.TaskMoved{Status: events.Changed[string]{From: from, To: to}, Rank: events.Changed[string]{From: rank(i), To: rank(i + 1)}}
	}
	comment := func() events.Event { return events.CommentAdded{Comment: uuid.New(), Text: words[:160]} }
	title := fmt.Sprintf("A task of about forty letters, no %d", n)
	return []events.Event{
		events.TaskCreated{Project: project, Title: title, Description: words[:200], Status: "waiting", Rank: rank(0), Priority: events.PriorityNone, Labels: []string{"garden"}},
		events.TaskAssigned{Accounts: []uuid.UUID{actor}},
		comment(),
		events.TaskEdited{Description: &events.Changed[string]{From: words[:200], To: words}},
		moved(0, "waiting", "in_progress"),
		comment(),
		events.TaskEdited{Priority: &events.Changed[events.Priority]{From: events.PriorityNone, To: events.PriorityHigh}, Due: &events.Changed[events.Date]{To: "2026-12-01"}},
		moved(1, "in_progress", "in_progress"),
		comment(),
		moved(2, "in_progress", "done"),
	}
}

// fill writes n events, each with its own command, as in normal use.
func (c *capacity) fill(n int) {
	log, err := jetstream.Open(c.Context(), c.nc, jetstream.Options{})
	if err != nil {
		c.Fatal(err)
	}
	stream, err := js.New(c.nc, js.WithPublishAsyncMaxPending(2000))
	if err != nil {
		c.Fatal(err)
	}
	actor := c.actor
	for task := 0; n > 0; task++ {
		project := uuid.MustParse(c.projects[task%len(c.projects)])
		head := events.Head{Aggregate: events.Task(uuid.New())}
		if len(c.tasks) < 200 {
			c.tasks = append(c.tasks, head.Aggregate.ID.String())
		}
		for _, event := range lifeOf(project, actor, task) {
			commit := events.Commit{Head: head, Project: project, Command: uuid.New(), Actor: actor, Time: time.Now(), Events: []events.Event{event}}
			sealed, err := commit.Seal()
			if err != nil {
				c.Fatal(err)
			}
			message := &nats.Msg{Subject: head.Aggregate.Subject(), Header: sealed[0].Headers(), Data: sealed[0].Payload}
			if _, err := stream.PublishMsgAsync(message, js.WithStallWait(time.Minute)); err != nil {
				c.Fatal(err)
			}
			head = head.After(&sealed[0])
			if n--; n == 0 {
				break
			}
		}
	}
	select {
	case <-stream.PublishAsyncComplete():
	case <-time.After(10 * time.Minute):
		c.Fatal("the server does not take the events")
	}
	end, err := log.End(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	c.end = end.Sequence
}

// measureLog reports the size of the log.
func (c *capacity) measureLog() (perEvent float64) {
	var files int64
	err := filepath.WalkDir(filepath.Join(c.store, "jetstream/$G/streams/EVENTS"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files += info.Size()
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	perEvent = float64(files) / float64(c.end)
	c.Logf("log: %d events, %.0f bytes each on disk; NATS %.0f MB", c.end, perEvent, residentMB(c.B, c.nats.Process.Pid))
	return perEvent
}

// measureBackup reports the duration of a backup, the size of its file, and the
// duration of its restore to a broker that syncs.
func (c *capacity) measureBackup() {
	file := filepath.Join(c.TempDir(), "docket.backup")
	began := time.Now()
	if out, code := dockettest.Once(c.B, "backup", file, "--nats", c.address, "--data", c.data); code != 0 {
		c.Fatalf("backup: %s", out)
	}
	backedUp := time.Since(began)
	info, err := os.Stat(file)
	if err != nil {
		c.Fatal(err)
	}
	began = time.Now()
	if out, code := dockettest.Once(c.B, "restore", file, "--data", c.TempDir()); code != 0 {
		c.Fatalf("restore: %s", out)
	}
	c.Logf("backup: %.0f bytes an event, in %s; restored and verified in %s", float64(info.Size())/float64(c.end),
		backedUp.Round(100*time.Millisecond), time.Since(began).Round(100*time.Millisecond))
	c.ReportMetric(float64(info.Size())/float64(c.end), "backup-B/event")
}

// measureRows makes a projector fill a database, and reports the duration, the
// size of the rows and the resources of the projector.
func (c *capacity) measureRows(name string) {
	var database string
	var size func() (bytes int64, err error)
	switch name {
	case "sqlite":
		file := filepath.Join(c.TempDir(), "rows.db")
		database = "sqlite:" + file
		size = func() (total int64, err error) {
			for _, part := range []string{"", "-wal"} {
				if info, err := os.Stat(file + part); err == nil {
					total += info.Size()
				}
			}
			return total, nil
		}
	case "postgres":
		if os.Getenv("DOCKET_TEST_POSTGRES") == "" {
			c.Log("DOCKET_TEST_POSTGRES is not set: Postgres is not measured")
			return
		}
		database = sqltest.NewPostgres(c.B, sqltest.PostgresURL(c.B))
		size = func() (total int64, err error) {
			connection, err := pgx.Connect(context.Background(), database)
			if err != nil {
				return 0, err
			}
			defer connection.Close(context.Background())
			return total, connection.QueryRow(context.Background(), "select pg_database_size(current_database())").Scan(&total)
		}
	case "mysql":
		if os.Getenv("DOCKET_TEST_MYSQL") == "" {
			c.Log("DOCKET_TEST_MYSQL is not set: MariaDB is not measured")
			return
		}
		database = sqltest.NewMySQL(c.B, sqltest.MySQLURL(c.B))
		size = func() (total int64, err error) {
			u, err := url.Parse(database)
			if err != nil {
				return 0, err
			}
			config := mysql.NewConfig()
			config.Net, config.Addr, config.User, config.DBName = "tcp", u.Host, u.User.Username(), strings.Trim(u.Path, "/")
			config.Passwd, _ = u.User.Password()
			connector, err := mysql.NewConnector(config)
			if err != nil {
				return 0, err
			}
			server := sql.OpenDB(connector)
			defer server.Close()
			return total, server.QueryRow("select sum(file_size) from information_schema.innodb_sys_tablespaces where name like concat(database(), '/%')").Scan(&total)
		}
	}
	projector := c.role("projector", database)
	began, spent := time.Now(), processorSeconds(c.B, projector.Cmd.Process.Pid)
	for dockettest.Metric(c.B, projector, "docket_rows_writing") != "1" || dockettest.Metric(c.B, projector, "docket_rows_position") != strconv.FormatUint(c.end, 10) {
		if time.Since(began) > 20*time.Minute {
			c.Fatal("the rows do not get there")
		}
		time.Sleep(200 * time.Millisecond)
	}
	took := time.Since(began)
	spent = processorSeconds(c.B, projector.Cmd.Process.Pid) - spent
	most := peakMB(c.B, projector.Cmd.Process.Pid)
	time.Sleep(5 * time.Second)
	total, err := size()
	if err != nil {
		c.Fatal(err)
	}
	c.Logf("%s: rows %.0f bytes an event; filled in %s, %.0fk events/s, %.0f s of a processor; projector %.0f MB at most, %.0f MB after", name,
		float64(total)/float64(c.end), took.Round(time.Second), float64(c.end)/took.Seconds()/1000, spent, most, residentMB(c.B, projector.Cmd.Process.Pid))
	c.ReportMetric(float64(total)/float64(c.end), name+"-B/event")
	projector.Stop()
}

// measureRoles starts the roles on that log and reports their resources at rest
// and while 16 connections move tasks and then query them as fast as they can.
func (c *capacity) measureRoles() {
	database := "sqlite:" + filepath.Join(c.TempDir(), "rows.db")
	if address := os.Getenv("DOCKET_TEST_POSTGRES"); address != "" {
		database = sqltest.NewPostgres(c.B, address)
	}
	projector := c.role("projector", database)
	for dockettest.Metric(c.B, projector, "docket_rows_writing") != "1" {
		time.Sleep(200 * time.Millisecond)
	}
	projector.Stop()
	// Restart them, so that filling the database is not counted.
	began := time.Now()
	gateway := c.role("gateway", database)
	ready := time.Since(began)
	// The notifier decides on all events written so far.
	notifier := c.role("notifier", database)
	began, undecided := time.Now(), dockettest.Metric(c.B, notifier, "docket_notices_lag_events")
	for dockettest.Metric(c.B, notifier, "docket_notices_lag_events") != "0" {
		time.Sleep(200 * time.Millisecond)
	}
	c.Logf("a gateway is there after %s; a notifier decides on %s events in %s", ready.Round(time.Millisecond), undecided, time.Since(began).Round(100*time.Millisecond))
	all := map[string]int{"gateway": gateway.Cmd.Process.Pid, "projector": c.role("projector", database).Cmd.Process.Pid,
		"notifier": notifier.Cmd.Process.Pid, "NATS": c.nats.Process.Pid}
	time.Sleep(5 * time.Second)
	tell := func(what string, requests int, do func(w, n int) error) {
		before := map[string]float64{}
		for name, pid := range all {
			before[name] = processorSeconds(c.B, pid)
		}
		began := time.Now()
		var working sync.WaitGroup
		for w := range connections {
			working.Go(func() {
				if err := do(w, requests/connections); err != nil {
					c.Error(err)
				}
			})
		}
		working.Wait()
		took := time.Since(began)
		time.Sleep(2 * time.Second)
		var line strings.Builder
		for _, name := range []string{"gateway", "projector", "notifier", "NATS"} {
			spent := ""
			if requests > 0 {
				spent = fmt.Sprintf(" %.2f ms of a processor each,", 1000*(processorSeconds(c.B, all[name])-before[name])/float64(requests))
			}
			fmt.Fprintf(&line, "; %s%s %.0f MB, %.0f MB at most", name, spent, residentMB(c.B, all[name]), peakMB(c.B, all[name]))
		}
		if requests > 0 {
			what = fmt.Sprintf("%s, %.0f/s", what, float64(requests)/took.Seconds())
		}
		c.Logf("%s%s", what, &line)
	}
	nothing := func(int, int) error { return nil }
	tell("at rest", 0, nothing)
	host := strings.TrimPrefix(gateway.URL, "http://")
	tell("moves", 8000, func(w, n int) error { return moveLean(host, "/api/v1/tasks/"+c.tasks[w], c.owner.Token, n) })
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	ask := func(path func(i int) string) func(w, n int) error {
		return func(w, n int) error {
			for i := range n {
				r, err := http.NewRequest(http.MethodGet, gateway.URL+path(w*n+i), nil)
				if err != nil {
					return err
				}
				r.Header.Set("Authorization", "Bearer "+c.owner.Token)
				answer, err := client.Do(r)
				if err != nil {
					return err
				}
				_ = answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					return fmt.Errorf("status %d", answer.StatusCode)
				}
			}
			return nil
		}
	}
	tell("single tasks", 8000, ask(func(i int) string { return "/api/v1/tasks/" + c.tasks[i%len(c.tasks)] }))
	tell("lists of 50", 1600, ask(func(i int) string { return "/api/v1/projects/" + c.projects[i%len(c.projects)] + "/tasks?limit=50" }))
}

// processorSeconds returns the CPU time of a process.
func processorSeconds(tb testing.TB, pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Log("time of a processor is only known on Linux: ", err)
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	if err1 != nil || err2 != nil {
		tb.Fatal(err1, err2)
	}
	return (user + system) / 100 // the kernel reports ticks of 1/100 s on every machine
}

// peakMB returns the peak resident memory of a process.
func peakMB(tb testing.TB, pid int) float64 { return statusMB(tb, pid, "VmHWM:") }
