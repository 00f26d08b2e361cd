package brokertest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Wire is a dialer for a client that can drop what the servers send, so that a
// publish arrives but its acknowledgement is lost. Set it with
// nats.SetCustomDialer; it works for every server the client discovers. The zero
// value drops nothing.
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

// Lose drops every byte from server to client from now on. What the client sends
// still arrives.
func (w *Wire) Lose() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing = true
	for _, l := range w.lines {
		l.mute.Store(true)
	}
}

// Cut closes every connection. New connections drop nothing.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing = false
	for _, l := range w.lines {
		l.Close()
	}
	w.lines = nil
}

// line is one connection. Once muted it stays muted until it is closed, because
// the bytes after a gap could begin in the middle of a protocol line.
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
