package backup

import "io"

// Progress is told how many bytes of how many are done, from one goroutine at a
// time. It must return soon.
type Progress func(done, total uint64)

// writerFunc is a function that takes what is written.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// counting tells how many bytes were written so far.
func counting(tell func(total uint64)) io.Writer {
	var total uint64
	return writerFunc(func(p []byte) (int, error) {
		total += uint64(len(p))
		tell(total)
		return len(p), nil
	})
}
