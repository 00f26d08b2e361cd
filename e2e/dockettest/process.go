package dockettest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docketlog/docket/internal/testkit"
)

// beDocket makes a test binary run as docket.
const beDocket = "DOCKET_TEST_BE_DOCKET"

// Main must be called by TestMain. It runs the package's tests. In a process
// started by [Command] it runs the program instead, so that the race detector
// covers it too. In neither case does it return.
func Main(m *testing.M, program func()) {
	if os.Getenv(beDocket) != "" {
		program()
		return
	}
	os.Exit(m.Run())
}

// Process is a running program. It is killed when the test ends.
type Process struct {
	T   testing.TB
	Cmd *exec.Cmd
	// URL is the address at which the program reports that it serves.
	URL string
	// Said is its standard output and standard error.
	Said *testkit.Buffer
}

// Command returns the program with arguments, not started. Of the test's
// environment it inherits only PATH and HOME.
func Command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = []string{beDocket + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		// Tests send requests as fast as they can, all from one address.
		"DOCKET_REQUEST_RATE=0"}
	return cmd
}

var address = regexp.MustCompile(`https?://[0-9a-z.:]+`)

// Start starts docket and waits until it reports its address.
func Start(t testing.TB, args ...string) *Process {
	t.Helper()
	d := &Process{T: t, Cmd: Command(context.WithoutCancel(t.Context()), args...), Said: &testkit.Buffer{}}
	out, err := d.Cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.Cmd.Stderr = d.Said
	if err := d.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.Cmd.ProcessState == nil {
			d.Kill()
		}
		if t.Failed() {
			t.Logf("docket %s said:\n%s", strings.Join(args, " "), d.Said.String())
		}
	})
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Fprintln(d.Said, lines.Text())
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
			_ = d.Cmd.Wait()
			t.Fatalf("docket %s ended instead of starting:\n%s", strings.Join(args, " "), d.Said.String())
		}
		d.URL = url
	case <-time.After(testkit.Limit):
		t.Fatalf("waited %v for docket %s to start; it said:\n%s", testkit.Limit, strings.Join(args, " "), d.Said.String())
	}
	return d
}

// Kill ends the process at once, as a power failure would.
func (d *Process) Kill() {
	_ = d.Cmd.Process.Kill()
	_ = d.Cmd.Wait()
}

// Stop ends the process gracefully. It fails the test if the process ends with
// an error.
func (d *Process) Stop() {
	d.T.Helper()
	_ = d.Cmd.Process.Signal(syscall.SIGTERM)
	if err := d.Cmd.Wait(); err != nil {
		d.T.Errorf("docket did not end well: %v", err)
	}
}

// Once runs docket until it exits, and returns its standard output and exit
// code.
func Once(t testing.TB, args ...string) (stdout string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := Command(t.Context(), args...)
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

// Tried runs docket until it exits, and returns all its output and its exit
// code.
func Tried(t testing.TB, args ...string) (said string, code int) {
	t.Helper()
	var out bytes.Buffer
	cmd := Command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}
