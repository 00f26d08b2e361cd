package testkit

import (
	"bytes"
	"sync"
)

// Buffer collects what a program or a logger writes. Its methods may be called
// from several goroutines at once. The zero Buffer is empty and ready.
type Buffer struct {
	mu      sync.Mutex
	written bytes.Buffer
}

// Write appends p. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.written.Write(p)
}

// String is everything written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.written.String()
}

// Reset forgets what was written.
func (b *Buffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.written.Reset()
}
