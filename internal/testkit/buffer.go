package testkit

import (
	"bytes"
	"sync"
)

// Buffer collects the output of a program or a logger. Its methods may be
// called concurrently. The zero Buffer is empty and ready to use.
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

// String returns everything written since the last Reset.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.written.String()
}

// Reset discards what was written.
func (b *Buffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.written.Reset()
}
