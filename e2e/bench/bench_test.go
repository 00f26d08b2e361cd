package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// The benchmarks in this file are those of docs/performance.md that need the
// whole program. Each starts it as a separate process.

// connections is the number of clients that move tasks concurrently.
const connections = 16

// databases returns the databases to measure: SQLite, and Postgres and MariaDB
// where available.
func databases(b *testing.B) map[string][]string {
	list := map[string][]string{"sqlite": nil}
	if url := os.Getenv("DOCKET_TEST_POSTGRES"); url != "" {
		list["postgres"] = []string{"--database", sqltest.NewPostgres(b, url)}
	} else {
		b.Log("DOCKET_TEST_POSTGRES is not set: Postgres is not measured")
	}
	if url := os.Getenv("DOCKET_TEST_MYSQL"); url != "" {
		list["mysql"] = []string{"--database", sqltest.NewMySQL(b, url)}
	} else {
		b.Log("DOCKET_TEST_MYSQL is not set: MariaDB is not measured")
	}
	return list
}

// BenchmarkMove moves tasks over HTTP with durable writes, one task per client.
// For comparison it appends events of the same size to a bare stream with the
// same number of writers and the same sync setting.
func BenchmarkMove(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		dir := b.TempDir()
		server, err := broker.Start(b.Context(), broker.Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		defer server.Stop()
		nc, err := server.Connect()
		if err != nil {
			b.Fatal(err)
		}
		defer nc.Close()
		if _, err := jetstream.Open(b.Context(), nc, jetstream.Options{}); err != nil {
			b.Fatal(err)
		}
		stream, err := js.New(nc)
		if err != nil {
			b.Fatal(err)
		}
		spread(b, connections, func(_, n int) error {
			head := events.Head{Aggregate: events.Task(uuid.New())}
			for range n {
				commit := events.Commit{
					Head: head, Project: uuid.New(), Command: uuid.New(), Actor: uuid.New(), Time: time.Now(),
					Events: []events.Event{events.TaskMoved{
						Status: events.Changed[string]{From: "waiting", To: "done"},
						Rank:   events.Changed[string]{From: "00VH5mzvKV", To: "00VH5mzw2V"},
					}},
				}
				sealed, err := commit.Seal()
				if err != nil {
					return err
				}
				message := &nats.Msg{Subject: head.Aggregate.Subject(), Header: sealed[0].Headers(), Data: sealed[0].Payload}
				ack, err := stream.PublishMsg(context.Background(), message, js.WithExpectLastSequencePerSubject(head.Sequence))
				if err != nil {
					return err
				}
				sealed[0].Position.Sequence = ack.Sequence
				head = head.After(&sealed[0])
			}
			return nil
		})
	})
	for name, args := range databases(b) {
		b.Run(name, func(b *testing.B) {
			d := dockettest.Start(b, append([]string{"--data", b.TempDir(), "--http", "127.0.0.1:0"}, args...)...)
			p := dockettest.Join(b, d, "Mina")
			tasks := plant(b, p, connections)
			spread(b, connections, func(w, n int) error {
				return moveLean(strings.TrimPrefix(d.URL, "http://"), "/api/v1/tasks/"+tasks[w], p.Token, n)
			})
		})
	}
}

// moveLean moves a task n times over one connection. Client and server share
// the machine's two cores, so every cycle of the client is missing in the
// server. It therefore writes requests by hand and reads only the status and
// the body of a response.
func moveLean(address, path, token string, n int) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for i := range n {
		body := `{"status":"` + []string{"in_progress", "done", "waiting"}[i%3] + `"}`
		_, err := fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			path, address, token, len(body), body)
		if err != nil {
			return err
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d: %s: %w", answer.StatusCode, text, err)
		}
	}
	return nil
}

// move changes a task's status and stores the position in at, if not nil.
func move(client *http.Client, url, token, status string, at *string) error {
	r, err := http.NewRequest(http.MethodPatch, url, strings.NewReader(`{"status":"`+status+`"}`))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s: %w", answer.StatusCode, body, err)
	}
	if at != nil {
		*at = answer.Header.Get("Docket-Position")
	}
	return nil
}

// plant creates a project with n tasks and returns their ids.
func plant(tb testing.TB, p *dockettest.Person, n int) []string {
	tb.Helper()
	project := p.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	ids := make([]string, n)
	for i := range ids {
		ids[i] = p.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprintf("Bed %d", i)})["id"].(string)
	}
	return ids
}

// spread divides b.N among writers and reports their throughput per second.
func spread(b *testing.B, writers int, do func(writer, n int) error) {
	b.Helper()
	b.ResetTimer()
	var all sync.WaitGroup
	for w := range writers {
		n := b.N / writers
		if w < b.N%writers {
			n++
		}
		all.Go(func() {
			if err := do(w, n); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "moves/s")
}

// BenchmarkVisible sends 300 moves a second. As soon as one is acknowledged, it
// queries the task at the position of the acknowledgement. It reports the time
// from the acknowledgement to the answer of the query.
func BenchmarkVisible(b *testing.B) {
	const rate = 300
	for name, args := range databases(b) {
		b.Run(name, func(b *testing.B) {
			d := dockettest.Start(b, append([]string{"--data", b.TempDir(), "--http", "127.0.0.1:0"}, args...)...)
			p := dockettest.Join(b, d, "Mina")
			const clients = 32
			tasks := plant(b, p, clients)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
			work := make(chan int)
			var mu sync.Mutex
			var visible []time.Duration
			var all sync.WaitGroup
			for w := range clients {
				all.Go(func() {
					for i := range work {
						url := d.URL + "/api/v1/tasks/" + tasks[w]
						var at string
						status := []string{"in_progress", "done", "waiting"}[i%3]
						if err := move(client, url, p.Token, status, &at); err != nil {
							b.Error(err)
							return
						}
						acknowledged := time.Now()
						seen, err := read(client, url, p.Token, at)
						if err != nil {
							b.Error(err)
							return
						}
						took := time.Since(acknowledged)
						if seen != status {
							b.Errorf("read %q at %s, want %q", seen, at, status)
							return
						}
						mu.Lock()
						visible = append(visible, took)
						mu.Unlock()
					}
				})
			}
			b.ResetTimer()
			tick := time.NewTicker(time.Second / rate)
			defer tick.Stop()
			for i := range b.N {
				<-tick.C
				work <- i
			}
			close(work)
			all.Wait()
			slices.Sort(visible)
			if len(visible) > 0 {
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "moves/s")
				b.ReportMetric(ms(visible[len(visible)/2]), "p50-ms")
				b.ReportMetric(ms(visible[len(visible)*99/100]), "p99-ms")
			}
		})
	}
}

func read(client *http.Client, url, token, at string) (status string, err error) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Docket-Position", at)
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var task struct{ Status string }
	if err := json.NewDecoder(answer.Body).Decode(&task); err != nil || answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d: %w", answer.StatusCode, err)
	}
	return task.Status, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// BenchmarkStart starts the program on an empty folder. It reports the time
// from the start of the process to the first answer, and the resident memory
// after one idle second.
func BenchmarkStart(b *testing.B) {
	var memory float64
	for range b.N {
		began := time.Now()
		d := dockettest.Start(b, "--data", filepath.Join(b.TempDir(), "data"), "--http", "127.0.0.1:0")
		// The program is ready when log and rows can be used; before that it
		// answers with another status.
		for status := 0; status != http.StatusOK; {
			answer, err := http.Get(d.URL + "/readyz")
			if err != nil {
				b.Fatal(err)
			}
			_ = answer.Body.Close()
			status = answer.StatusCode
		}
		b.ReportMetric(ms(time.Since(began)), "first-answer-ms")
		b.StopTimer()
		time.Sleep(time.Second)
		memory = residentMB(b, d.Cmd.Process.Pid)
		d.Kill()
		b.StartTimer()
	}
	b.ReportMetric(memory, "resident-MB")
}

func residentMB(tb testing.TB, pid int) float64 { return statusMB(tb, pid, "VmRSS:") }

// statusMB returns one of the kernel's memory figures of a process.
func statusMB(tb testing.TB, pid int, figure string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Log("resident memory is only known on Linux: ", err)
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, figure); ok {
			n, err := strconv.ParseFloat(strings.Fields(kb)[0], 64)
			if err != nil {
				tb.Fatal(err)
			}
			return n / 1024
		}
	}
	return 0
}
