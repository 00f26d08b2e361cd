package broker

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options say where the broker keeps its data and where it listens.
type Options struct {
	// Dir is the data folder; it is made if it is not there. Required.
	Dir string
	// Host is the address to listen on, 127.0.0.1 if empty.
	Host string
	// Port is the port to listen on. 0 is the one used last in this folder if
	// it is free, else any free one.
	Port int
	// Unsynced acknowledges before a write is on disk. It is for a folder that is
	// being filled and counts for nothing until [Sync] has succeeded.
	Unsynced bool
	// Logger receives the server's messages; nothing is logged if nil.
	Logger *slog.Logger
}

// Broker is a running NATS server with JetStream. Its methods may be called
// concurrently.
type Broker struct {
	server *server.Server
	access access
	failed <-chan string
	down   *atomic.Bool
	unlock func()
	stop   sync.Once
}

// Start runs a NATS server on the data folder and returns once it has
// recovered what is stored there and accepts connections, or ctx ends. It fails
// with [ErrInUse] if another process has the folder. The caller stops it.
func Start(ctx context.Context, o Options) (_ *Broker, err error) {
	o.Host = cmp.Or(o.Host, "127.0.0.1")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	store := filepath.Join(o.Dir, server.JetStreamStoreDir)
	if err := os.MkdirAll(store, 0o700); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	unlock, err := lock(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()

	a, err := readAccess(o.Dir)
	if err != nil {
		a = access{User: "docket", Password: rand.Text()}
	}
	port, err := freePort(o.Host, o.Port, a.port())
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	a.URL = "nats://" + net.JoinHostPort(o.Host, strconv.Itoa(port))

	space, err := storageLimit(store)
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName:        "docket",
		Host:              o.Host,
		Port:              port,
		Username:          a.User,
		Password:          a.Password,
		JetStream:         true,
		JetStreamMaxStore: space,
		StoreDir:          o.Dir, // it keeps things in store, below it
		SyncAlways:        !o.Unsynced,
		NoSigs:            true,
	})
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	fatal := make(chan string, 1)
	down := new(atomic.Bool)
	s.SetLoggerV2(logger{o.Logger, fatal, down}, false, false, false)

	// Start returns early when it fails, and reports why through the logger.
	s.Start()
	for !s.ReadyForConnections(50 * time.Millisecond) {
		select {
		case reason := <-fatal:
			err = fmt.Errorf("start broker: %s", reason)
		case <-ctx.Done():
			err = fmt.Errorf("start broker: %w", ctx.Err())
		default:
			continue
		}
		s.Shutdown()
		s.WaitForShutdown()
		return nil, err
	}
	if err := writeAccess(o.Dir, a); err != nil {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("start broker: %w", err)
	}
	return &Broker{server: s, access: a, failed: fatal, down: down, unlock: unlock}, nil
}

// URL is the address other processes connect to, without the credentials.
func (b *Broker) URL() string { return b.access.URL }

// Connect opens a connection that does not leave the process. It reconnects
// for ever, like those of [Dial]. The caller closes it.
func (b *Broker) Connect(opts ...nats.Option) (*nats.Conn, error) {
	all := append(steady(), nats.InProcessServer(b.server), nats.UserInfo(b.access.User, b.access.Password))
	nc, err := nats.Connect("", append(all, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to own broker: %w", err)
	}
	return nc, nil
}

// Failed gives a reason once the server can store no more, as when the disk is
// full or broken. It does not recover by itself: end it, mend the cause, and
// start again.
func (b *Broker) Failed() <-chan string { return b.failed }

// Sound is false once the server can store no more; see [Broker.Failed]. What is
// read from it then may be in its memory alone: the message whose storing failed
// can be read like any other.
func (b *Broker) Sound() bool { return !b.down.Load() }

// Stop ends the server, waits until its files are closed, and gives up the
// data folder. It may be called more than once.
func (b *Broker) Stop() {
	b.stop.Do(func() {
		b.server.Shutdown()
		b.server.WaitForShutdown()
		b.unlock()
	})
}

// Sync brings all that a data folder holds to disk, once its broker has stopped.
func Sync(dir string) error {
	return filepath.WalkDir(filepath.Join(dir, server.JetStreamStoreDir), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f, err := os.Open(path) //nolint:gosec // a folder of this process's own, which nobody else may enter
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil && !d.IsDir() { // not every system syncs folders
			return fmt.Errorf("sync %s: %w", path, err)
		}
		return nil
	})
}

// freePort is asked, if that is not 0; else last, if it is free; else any.
func freePort(host string, asked, last int) (int, error) {
	try := func(port int) (int, error) {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return 0, err
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).Port, nil
	}
	if asked != 0 {
		return try(asked)
	}
	if last != 0 {
		if port, err := try(last); err == nil {
			return port, nil
		}
	}
	return try(0)
}

// storageLimit is what JetStream may fill: what it has plus nine tenths of the
// free disk. The server's own default looks at the free disk alone, so a log
// that has outgrown it would refuse every append after a restart.
func storageLimit(dir string) (int64, error) {
	var stored int64
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			stored += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	free, err := freeDisk(dir)
	if err != nil {
		return 0, err
	}
	return stored + free/10*9, nil
}
