package brokertest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Wire dials for a client and can lose what the servers send, so that a test
// can have a publish arrive and its acknowledgement not. It is given to a
// connection with nats.SetCustomDialer and works for every server the client
// learns of. The zero value is a wire that loses nothing.
type Wire struct {
	mu     sync.Mutex
	losing bool
	lines  []*line
}

// Dial implements nats.CustomDialer.
func (w *Wire) Dial(network, address string) (net.Conn, error) {
	c, err := net.DialTimeout(network, address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &line{Conn: c}
	l.mute.Store(w.losing)
	w.lines = append(w.lines, l)
	return l, nil
}

// Lose drops from now on every byte from server to client. What the client
// sends still arrives.
func (w *Wire) Lose() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing = true
	for _, l := range w.lines {
		l.mute.Store(true)
	}
}

// Cut closes every connection; new ones lose nothing.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing = false
	for _, l := range w.lines {
		l.Close()
	}
	w.lines = nil
}

// line is one connection. Once mute it stays so until it is closed: what
// follows lost bytes would begin in the middle of a protocol line.
type line struct {
	net.Conn
	mute atomic.Bool
}

func (l *line) Read(p []byte) (int, error) {
	for {
		n, err := l.Conn.Read(p)
		if !l.mute.Load() {
			return n, err
		}
		if err != nil {
			return 0, err
		}
	}
}
