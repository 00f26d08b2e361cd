package faults

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

// TestFsyncFails makes the disk of a single process fail to sync, at every
// attempt or at every third of each thread, under load. The program must end
// and say why. What it had acknowledged must be true: the power is cut
// afterwards, so that only synced data remains, and everything acknowledged is
// there exactly once.
func TestFsyncFails(t *testing.T) {
	for name, when := range map[string]string{"always": "1+", "now and then": "3+3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rounds := 1
			if soaking() {
				rounds = 25
			}
			disk := newDisk(t)
			data := filepath.Join(disk.at, "data")
			args := []string{"--data", data, "--http", testkit.FreeAddress(t)}
			d := dockettest.Start(t, args...)
			f := newFleet(t, d.URL)
			f.settle(20)
			for round := range rounds {
				stop := f.work(16)
				f.await(100)
				mend := breakSync(t, d.Cmd.Process.Pid, when)
				broken := time.Now()
				ended := make(chan error, 1)
				go func() { ended <- d.Cmd.Wait() }()
				select {
				case err := <-ended:
					if err == nil {
						t.Error("the program ends as if nothing were wrong")
					}
				case <-time.After(testkit.Limit):
					t.Errorf("waited %v for the end of the program, which goes on with a disk that does not sync", testkit.Limit)
					d.Kill()
				}
				t.Logf("the program ended %s after the disk broke", time.Since(broken).Round(time.Millisecond))
				mend()
				stop()
				if said := d.Said.String(); !strings.Contains(said, "docket: broker: the log can no longer be written") || !strings.Contains(said, "input/output error") {
					t.Errorf("the program does not say what is wrong:\n%s", said)
				}
				disk.cut()
				disk.restore()
				d = dockettest.Start(t, args...)
				f.resend()
				f.verify()
				if out, code := dockettest.Once(t, "audit", "verify", "--data", data); code != 0 {
					t.Errorf("audit verify after round %d: exit code %d: %s", round+1, code, out)
				}
				if t.Failed() {
					break
				}
			}
			d.Stop()
		})
	}
}

// TestFsyncFailsAtOneOfThree makes the disk of the log's leader fail to sync.
// The other NATS servers continue. After that disk, which lost its unsynced
// data, is repaired, nothing is lost or duplicated.
func TestFsyncFailsAtOneOfThree(t *testing.T) {
	t.Parallel()
	servers, disks := newPoweredCluster(t, brokertest.Always)
	settings := []string{"--nats", servers.URL(), "--replicas", "3", "--data", t.TempDir()}
	d := dockettest.Start(t, append([]string{"--http", "127.0.0.1:0"}, settings...)...)
	f := newFleet(t, d.URL)
	f.settle(20)
	stop := f.work(16)
	f.await(100)
	leader := servers.Leader(t, 0, "EVENTS")
	mend := breakSync(t, servers.Pid(leader), "1+")
	f.await(200)
	disks[leader].cut()
	servers.Kill(leader)
	mend()
	disks[leader].restore()
	servers.Start(t, leader)
	servers.Ready(t)
	f.await(100)
	stop()
	f.resend()
	f.verify()
	t.Logf("refused meanwhile: %v", f.refused())
	if out, code := dockettest.Once(t, append([]string{"audit", "verify"}, settings...)...); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
	d.Stop()
}

// breakSync makes a process's sync calls fail without being executed until mend
// is called. when selects the calls of each thread, in the syntax of strace.
// Without permission to trace, the test is skipped with a message.
func breakSync(t testing.TB, pid int, when string) (mend func()) {
	t.Helper()
	needPrograms(t, "strace")
	said := &testkit.Buffer{}
	tracer := exec.Command("strace", "-f", "-p", strconv.Itoa(pid), "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when="+when)
	tracer.Stderr = said
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = tracer.Wait()
	}()
	mend = func() {
		_ = tracer.Process.Signal(syscall.SIGTERM) // on which it detaches from the process
		<-ended
	}
	t.Cleanup(mend)
	testkit.Eventually(t, "strace to attach", func() (string, bool) {
		over := false
		select {
		case <-ended:
			over = true
		default:
		}
		text := said.String()
		attached := strings.Contains(text, "attached")
		if over && !attached {
			t.Skipf("SKIPPED: this machine lets nobody trace other processes: %s", text)
		}
		return text, attached
	})
	return mend
}
