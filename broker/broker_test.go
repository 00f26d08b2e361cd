package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/internal/testkit"
)

// childFolder is the variable that holds the data folder for a copy of this
// test binary, which runs a broker there until it is killed.
const childFolder = "BROKER_TEST_CHILD_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		runChild(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func runChild(dir string) {
	b, err := broker.Start(context.Background(), broker.Options{Dir: dir})
	if err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString(b.URL() + "\n")
	select {}
}

func put(t *testing.T, nc *nats.Conn, text string) {
	t.Helper()
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.CreateOrUpdateStream(t.Context(), js.StreamConfig{Name: "NOTES", Subjects: []string{"notes"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Publish(t.Context(), "notes", []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func last(t *testing.T, nc *nats.Conn) string {
	t.Helper()
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := j.Stream(t.Context(), "NOTES")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetLastMsgForSubject(t.Context(), "notes")
	if err != nil {
		t.Fatal(err)
	}
	return string(m.Data)
}

func TestKeepsDataAddressAndCredentials(t *testing.T) {
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	nc := brokertest.Connect(t, b)
	put(t, nc, "kept")
	nc.Close()
	before, err := os.ReadFile(filepath.Join(dir, "broker.json"))
	if err != nil {
		t.Fatal(err)
	}
	b.Stop()
	b.Stop()

	b = brokertest.StartIn(t, dir)
	if got := last(t, brokertest.Connect(t, b)); got != "kept" {
		t.Errorf("after a restart: %q", got)
	}
	after, err := os.ReadFile(filepath.Join(dir, "broker.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("address or credentials changed from one start to the next")
	}
	info, err := os.Stat(filepath.Join(dir, "broker.json"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("broker.json has mode %o, want 600", info.Mode().Perm())
	}
}

func TestListensOnLoopbackWithCredentialsOnly(t *testing.T) {
	b := brokertest.Start(t)
	u, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	if ip := net.ParseIP(u.Hostname()); !ip.IsLoopback() {
		t.Errorf("listens on %s", ip)
	}
	if u.User != nil {
		t.Error("the address shows the credentials")
	}
	for _, opts := range [][]nats.Option{nil, {nats.UserInfo("docket", "guess")}} {
		nc, err := broker.Dial(t.Context(), b.URL(), opts...)
		if err == nil {
			nc.Close()
		}
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("dialled without the password: %v, want it refused", err)
		}
	}
}

func TestTakesAnotherPortWhenTheOldOneIsTaken(t *testing.T) {
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	first := b.URL()
	b.Stop()
	l, err := net.Listen("tcp", strings.TrimPrefix(first, "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := broker.DialRunning(t.Context(), dir); !errors.Is(err, broker.ErrNotRunning) {
		t.Errorf("another program on the port: %v, want ErrNotRunning", err)
	}
	if b := brokertest.StartIn(t, dir); b.URL() == first {
		t.Errorf("listens on the taken %s", first)
	}
	taken := l.Addr().(*net.TCPAddr).Port
	if b, err := broker.Start(t.Context(), broker.Options{Dir: t.TempDir(), Port: taken}); err == nil {
		b.Stop()
		t.Error("started on a port that is taken")
	}
}

func TestOneProcessPerFolder(t *testing.T) {
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	_, err := broker.Start(t.Context(), broker.Options{Dir: dir})
	if !errors.Is(err, broker.ErrInUse) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("second start: %v, want ErrInUse naming process %d", err, os.Getpid())
	}
	// The first broker still works, and the folder is free once it stops.
	put(t, brokertest.Connect(t, b), "still here")
	b.Stop()
	brokertest.StartIn(t, dir)
}

// TestKilled kills a process that runs a broker and starts a broker in its
// place.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill()
	line := make([]byte, 256)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "nats://") {
		t.Fatalf("child says %q, %v", line[:n], err)
	}

	_, err = broker.Start(t.Context(), broker.Options{Dir: dir})
	if !errors.Is(err, broker.ErrInUse) || !strings.Contains(err.Error(), strconv.Itoa(child.Process.Pid)) {
		t.Errorf("beside the child: %v, want ErrInUse naming process %d", err, child.Process.Pid)
	}
	nc, err := broker.DialRunning(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	put(t, nc, "acknowledged")
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()

	if _, err := broker.DialRunning(t.Context(), dir); !errors.Is(err, broker.ErrNotRunning) {
		t.Errorf("after the kill: %v, want ErrNotRunning", err)
	}
	b := brokertest.StartIn(t, dir)
	if got := last(t, brokertest.Connect(t, b)); got != "acknowledged" {
		t.Errorf("after the kill: %q", got)
	}
	// The connection made to the child reconnects to the new broker.
	testkit.Eventually(t, "the old connection to come back", func() (string, bool) {
		return fmt.Sprintf("%s, last error: %v", nc.Status(), nc.LastError()), nc.IsConnected()
	})
	if got := last(t, nc); got != "acknowledged" {
		t.Errorf("over the old connection: %q", got)
	}
}

func TestDialRunningWithoutBroker(t *testing.T) {
	if _, err := broker.DialRunning(t.Context(), t.TempDir()); !errors.Is(err, broker.ErrNotRunning) {
		t.Errorf("%v, want ErrNotRunning", err)
	}
}

func TestDialWaitsForTheServer(t *testing.T) {
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	b.Stop()

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := broker.Dial(ctx, b.URL()); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, nats.ErrNoServers) {
		t.Errorf("no server: %v, want the deadline and the reason", err)
	}

	var access struct{ User, Password string }
	text, err := os.ReadFile(filepath.Join(dir, "broker.json"))
	if err == nil {
		err = json.Unmarshal(text, &access)
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(access.User, access.Password)
	connected := make(chan error)
	go func() {
		nc, err := broker.Dial(t.Context(), "nats://127.0.0.1:1,"+u.String())
		if err == nil {
			nc.Close()
		}
		connected <- err
	}()
	brokertest.StartIn(t, dir)
	if err := <-connected; err != nil {
		t.Error(err)
	}
}

func TestDialRefusesBadAddresses(t *testing.T) {
	for _, address := range []string{
		"", "127.0.0.1:4222", "http://127.0.0.1", "nats://", "nats://h,", "nats://user:hunter2@h:port",
		"nats://h?credits=x", "nats://h?creds=",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
		nc, err := broker.Dial(ctx, address)
		cancel()
		if err == nil {
			nc.Close()
		}
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q: %v, want it refused at once", address, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error shows the password: %v", address, err)
		}
	}
}

// TestRepliesAreAUsersOwn checks that the address determines the reply subject,
// so that a server can keep users from reading each other's replies.
func TestRepliesAreAUsersOwn(t *testing.T) {
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	var access struct{ User, Password string }
	text, err := os.ReadFile(filepath.Join(dir, "broker.json"))
	if err == nil {
		err = json.Unmarshal(text, &access)
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(access.User, access.Password)
	nc, err := broker.Dial(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if inbox := nc.NewInbox(); !strings.HasPrefix(inbox, "_INBOX."+access.User+".") {
		t.Errorf("replies come on %s", inbox)
	}
}

// TestPublishWhileAwayFails checks that nothing is buffered to be sent later.
func TestPublishWhileAwayFails(t *testing.T) {
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	nc, err := broker.DialRunning(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	b.Stop()
	testkit.Eventually(t, "the loss of the connection to be noticed", func() (string, bool) {
		return nc.Status().String(), !nc.IsConnected()
	})
	if err := nc.Publish("notes", nil); !errors.Is(err, nats.ErrReconnectBufExceeded) {
		t.Errorf("publish while away: %v, want it to fail at once", err)
	}
}

func TestCluster(t *testing.T) {
	c := brokertest.Cluster(t, 3)
	j, err := js.New(c.Conn(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.CreateStream(t.Context(), js.StreamConfig{Name: "NOTES", Subjects: []string{"notes"}, Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	c.Current(t, "NOTES")
	first := c.Leader(t, "NOTES")
	c.Stop(first)
	if c.Leader(t, "NOTES") == first {
		t.Errorf("server %d leads after it was stopped", first)
	}
	c.Restart(t, first)
	c.Current(t, "NOTES")
}
