package backup

import "io"

// Progress receives how many bytes are done and how many there are in total,
// from one goroutine at a time. It must return soon.
type Progress func(done, total uint64)

// writerFunc is a function that implements io.Writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// counting returns a writer that reports how many bytes were written so far.
func counting(tell func(total uint64)) io.Writer {
	var total uint64
	return writerFunc(func(p []byte) (int, error) {
		total += uint64(len(p))
		tell(total)
		return len(p), nil
	})
}
