//go:build linux

package faults

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// namespace is an unnamed network namespace. It disappears with the last
// process, file and socket in it, however the tests end.
type namespace struct {
	t    testing.TB
	file *os.File
}

// newNamespace creates a network in which only loopback is up. Without
// permission to create networks, the test is skipped with a message.
func newNamespace(t testing.TB) *namespace {
	t.Helper()
	needPrograms(t, "ip", "nft")
	n := &namespace{t: t}
	made := make(chan error)
	go func() {
		// Not unlocked, so that the thread ends with this goroutine.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			n.file, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Skipf("SKIPPED: this machine lets nobody make a network of their own: %v", err)
	}
	t.Cleanup(func() { _ = n.file.Close() })
	if err := n.try("ip", "link", "set", "lo", "up"); err != nil {
		t.Skipf("SKIPPED: this machine lets nobody set up a network of their own: %v", err)
	}
	return n
}

// within runs do in the network: sockets and processes that do creates belong
// to it. This does not apply to other goroutines that do starts.
func (n *namespace) within(do func()) {
	runtime.LockOSThread()
	back, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		panic(err)
	}
	defer back.Close()
	if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
		panic(err)
	}
	defer func() {
		// A thread that cannot return stays locked and ends with its goroutine.
		if unix.Setns(int(back.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	do()
}

// try runs a program in the network.
func (n *namespace) try(name string, args ...string) (err error) {
	n.within(func() {
		var out []byte
		if out, err = exec.Command(name, args...).CombinedOutput(); err != nil {
			err = fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), errorOf(err, out))
		}
	})
	return err
}

func (n *namespace) run(name string, args ...string) {
	n.t.Helper()
	if err := n.try(name, args...); err != nil {
		n.t.Fatal(err)
	}
}

// path identifies the network for the ip command.
func (n *namespace) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd()) }

// dial connects from within the network.
func (n *namespace) dial(address string) (c net.Conn, err error) {
	n.within(func() { c, err = net.Dial("tcp", address) })
	return c, err
}

// listen listens on an address of the network.
func (n *namespace) listen(address string) (l net.Listener) {
	n.t.Helper()
	var err error
	n.within(func() { l, err = net.Listen("tcp", address) })
	if err != nil {
		n.t.Fatal(err)
	}
	return l
}

// relay forwards every connection of a listener to a connection of dial until
// the test ends. It connects one network to another.
func relay(t testing.TB, from net.Listener, dial func() (net.Conn, error)) {
	var all sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	all.Go(func() {
		for {
			in, err := from.Accept()
			if err != nil {
				return
			}
			out, err := dial()
			if err != nil {
				_ = in.Close()
				continue
			}
			mu.Lock()
			open[in], open[out] = true, true
			mu.Unlock()
			pass := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				_, _ = to.Close(), from.Close()
				mu.Lock()
				delete(open, to)
				mu.Unlock()
			}
			all.Go(func() { pass(out, in) })
			all.Go(func() { pass(in, out) })
		}
	})
	t.Cleanup(func() {
		_ = from.Close()
		mu.Lock()
		for c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
}
