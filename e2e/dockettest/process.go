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

// beDocket is set for a test binary that is to be docket.
const beDocket = "DOCKET_TEST_BE_DOCKET"

// Main is what TestMain calls: it runs the package's tests. In a process that was
// started by [Command] it runs the program instead, so that the race detector
// covers it too. Neither returns.
func Main(m *testing.M, program func()) {
	if os.Getenv(beDocket) != "" {
		program()
		return
	}
	os.Exit(m.Run())
}

// Process is a running program, which is killed when the test ends.
type Process struct {
	T   testing.TB
	Cmd *exec.Cmd
	// URL is where it says that it serves.
	URL string
	// Said is its standard output and standard error.
	Said *testkit.Buffer
}

// Command is the program with arguments, not started. Of the environment it has
// only the path and the home folder.
func Command(ctx context.Context, args ...string) *exec.Cmd {
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

// Start runs docket and waits until it says where it serves.
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

// Kill ends the process as a power cut would.
func (d *Process) Kill() {
	_ = d.Cmd.Process.Kill()
	_ = d.Cmd.Wait()
}

// Stop asks it to end and wants it to end well.
func (d *Process) Stop() {
	d.T.Helper()
	_ = d.Cmd.Process.Signal(syscall.SIGTERM)
	if err := d.Cmd.Wait(); err != nil {
		d.T.Errorf("docket did not end well: %v", err)
	}
}

// Once runs docket to its end and gives what it printed and its exit code.
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

// Tried runs docket to its end and gives all that it said.
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
