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

// Options configure a [Broker].
type Options struct {
	// Dir is the data folder; it is created if missing. Required.
	Dir string
	// Host is the address to listen on, 127.0.0.1 if empty.
	Host string
	// Port is the port to listen on. 0 means the port last used in this folder
	// if it is free, otherwise any free port.
	Port int
	// Unsynced acknowledges writes before they are on disk. Use it only to fill
	// a folder, whose content is not durable until [Sync] has succeeded.
	Unsynced bool
	// Logger receives the server's messages; nil disables logging.
	Logger *slog.Logger
}

// Broker is a running NATS server with JetStream. Its methods are safe for
// concurrent use.
type Broker struct {
	server *server.Server
	access access
	failed <-chan string
	down   *atomic.Bool
	unlock func()
	stop   sync.Once
}

// Start runs a NATS server on the data folder. It returns once the server has
// recovered the stored data and accepts connections, or when ctx ends. It fails
// with [ErrInUse] if another process uses the folder. The caller must stop the
// broker.
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
		StoreDir:          o.Dir, // the server stores its data in a folder below it
		SyncAlways:        !o.Unsynced,
		NoSigs:            true,
	})
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	fatal := make(chan string, 1)
	down := new(atomic.Bool)
	s.SetLoggerV2(logger{o.Logger, fatal, down}, false, false, false)

	// Start returns early if it fails, and reports the reason through the
	// logger.
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

// URL returns the address that other processes connect to, without credentials.
func (b *Broker) URL() string { return b.access.URL }

// Connect opens a connection within the process. It reconnects without limit,
// like those of [Dial]. The caller closes it.
func (b *Broker) Connect(opts ...nats.Option) (*nats.Conn, error) {
	all := append(steady(), nats.InProcessServer(b.server), nats.UserInfo(b.access.User, b.access.Password))
	nc, err := nats.Connect("", append(all, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to embedded broker: %w", err)
	}
	return nc, nil
}

// Failed receives a reason once the server can no longer store messages, for
// example because the disk is full or broken. The server does not recover by
// itself: stop it, fix the cause, and start it again.
func (b *Broker) Failed() <-chan string { return b.failed }

// Sound is false once the server can no longer store messages; see
// [Broker.Failed]. Data read after that may exist only in its memory: the
// message that could not be stored can be read like any other.
func (b *Broker) Sound() bool { return !b.down.Load() }

// Stop stops the server, waits until its files are closed, and releases the
// data folder. It may be called more than once.
func (b *Broker) Stop() {
	b.stop.Do(func() {
		b.server.Shutdown()
		b.server.WaitForShutdown()
		b.unlock()
	})
}

// Sync flushes the content of a data folder to disk, once its broker has
// stopped.
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
		if err := f.Sync(); err != nil && !d.IsDir() { // not every system can sync folders
			return fmt.Errorf("sync %s: %w", path, err)
		}
		return nil
	})
}

// freePort returns asked, if it is not 0; otherwise last, if it is free;
// otherwise any free port.
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

// storageLimit returns how much JetStream may store, in bytes: what it already
// stores plus nine tenths of the free disk. The server's own default uses the
// free disk alone, so a log larger than that would refuse every append after a
// restart.
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
