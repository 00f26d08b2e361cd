package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docketlog/docket/internal/testkit"
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
	said *testkit.Buffer
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
	d := &docket{t: t, cmd: command(context.WithoutCancel(t.Context()), args...), said: &testkit.Buffer{}}
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
	case <-time.After(testkit.Limit):
		t.Fatalf("waited %v for docket %s to start; it said:\n%s", testkit.Limit, strings.Join(args, " "), d.said.String())
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

// tried runs docket to its end and gives all that it said.
func tried(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// startServer runs a program on a free port of loopback, waits until it is
// ready, and ends it with the test.
func startServer(t *testing.T, program, ready string, args func(address string) []string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	listener.Close()
	said := &testkit.Buffer{}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, args(address)...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", program, said.String())
		}
	})
	testkit.Eventually(t, program+" is ready", func() (string, bool) {
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", program, said.String())
		default:
		}
		answer, err := http.Get("http://" + address + ready)
		if err != nil {
			time.Sleep(pause)
			return fmt.Sprintf("%v; it said:\n%s", err, said), false
		}
		answer.Body.Close()
		return fmt.Sprintf("%s; it said:\n%s", answer.Status, said), answer.StatusCode == http.StatusOK
	})
	return address
}

// pause is between two questions to a program that is not ready, which would
// only be slower if it was asked without one.
const pause = 50 * time.Millisecond

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
