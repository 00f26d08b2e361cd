package monitoring

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/docketlog/docket/internal/testkit"
)

// startServer runs a program on a free loopback port, waits until it is ready,
// and stops it when the test ends.
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
			time.Sleep(testkit.Pause)
			return fmt.Sprintf("%v; it said:\n%s", err, said), false
		}
		answer.Body.Close()
		return fmt.Sprintf("%s; it said:\n%s", answer.Status, said), answer.StatusCode == http.StatusOK
	})
	return address
}
