package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The stories run the real program: the test binary starts itself again with
// this variable set and is then docket, race detector and all, in a process
// that can be killed.
const beDocket = "DOCKET_TEST_BE_DOCKET"

func TestMain(m *testing.M) {
	if os.Getenv(beDocket) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// docket is a running program.
type docket struct {
	t    testing.TB
	cmd  *exec.Cmd
	url  string
	said *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = []string{beDocket + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		// Tests ask as fast as they can, all from one address.
		"DOCKET_REQUEST_RATE=0"}
	return cmd
}

var address = regexp.MustCompile(`https?://[0-9a-z.:]+`)

// start runs docket and waits until it says where it serves.
func start(t testing.TB, args ...string) *docket {
	t.Helper()
	d := &docket{t: t, cmd: command(context.WithoutCancel(t.Context()), args...), said: &lockedBuffer{}}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stderr = d.said
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			d.kill()
		}
		if t.Failed() {
			t.Logf("docket %s said:\n%s", strings.Join(args, " "), d.said.String())
		}
	})
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Fprintln(d.said, lines.Text())
			if found := address.FindString(lines.Text()); found != "" {
				select {
				case ready <- found:
				default:
				}
			}
		}
		close(ready)
	}()
	select {
	case url, ok := <-ready:
		if !ok {
			_ = d.cmd.Wait()
			t.Fatalf("docket %s ended instead of starting:\n%s", strings.Join(args, " "), d.said.String())
		}
		d.url = url
	case <-time.After(60 * time.Second):
		t.Fatalf("docket %s does not start:\n%s", strings.Join(args, " "), d.said.String())
	}
	return d
}

// kill ends the process as a power cut would.
func (d *docket) kill() {
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait()
}

// stop asks it to end and wants it to end well.
func (d *docket) stop() {
	d.t.Helper()
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("docket did not end well: %v", err)
	}
}

// once runs docket to its end and gives what it printed and its exit code.
func once(t testing.TB, args ...string) (stdout string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("docket %s: %v", strings.Join(args, " "), err)
	}
	if errOut.Len() > 0 {
		t.Logf("docket %s: %s", strings.Join(args, " "), errOut.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// person speaks to the API.
type person struct {
	t        testing.TB
	d        *docket
	token    string
	position string // of the last answer, sent with the next request
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// try sends a request and fails only with the error of the connection.
func (p *person) try(ctx context.Context, method, path string, body any, header ...string) (answer, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.d.url+path, in)
	if err != nil {
		panic(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	if p.position != "" {
		r.Header.Set("Docket-Position", p.position)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	if at := response.Header.Get("Docket-Position"); at != "" {
		p.position = at
	}
	return answer{response.StatusCode, response.Header, text}, nil
}

// ask sends a request and wants the given status.
func (p *person) ask(want int, method, path string, body any, header ...string) map[string]any {
	p.t.Helper()
	a, err := p.try(p.t.Context(), method, path, body, header...)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != want {
		p.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, want, a.body)
	}
	var out map[string]any
	if len(a.body) > 0 {
		if err := json.Unmarshal(a.body, &out); err != nil {
			p.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return out
}

func items(t testing.TB, answer map[string]any) []map[string]any {
	t.Helper()
	list, ok := answer["items"].([]any)
	if !ok {
		t.Fatalf("no items in %v", answer)
	}
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i] = list[i].(map[string]any)
	}
	return out
}

// join registers somebody and signs them in.
func join(t testing.TB, d *docket, name string) *person {
	t.Helper()
	p := &person{t: t, d: d}
	email, password := strings.ToLower(name)+"@example.org", "correct horse "+name
	p.ask(http.StatusAccepted, "POST", "/api/v1/accounts", map[string]any{"email": email, "name": name, "password": password})
	session := p.ask(http.StatusCreated, "POST", "/api/v1/sessions", map[string]any{"email": email, "password": password})
	p.token = session["token"].(string)
	return p
}

// needPrograms wants what Debian has in packages. Where one is absent the test
// is skipped, aloud; under `make test`, which installs them, it fails instead.
func needPrograms(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatalf("there is no %s", name)
		}
		t.Skipf("SKIPPED: there is no %s; install it or run make test", name)
	}
}

// errorOf is why a program failed, with what it said.
func errorOf(err error, out []byte) error {
	return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
}
