package app

import (
	"os"
	"runtime"
	"runtime/debug"
)

// tune sets the Go runtime for a process with an embedded broker, unless the
// operator has set it. docs/performance.md has the effect.
func tune() {
	// The broker syncs each append, and the goroutine that waits for the disk
	// occupies one of the scheduler's processors until it is taken away. On a
	// machine with two or three cores, the rest of the program would have to
	// share what is left.
	const places = 4
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < places {
		runtime.GOMAXPROCS(places)
	}
	// The live heap is small, a few dozen megabytes, and most of what a request
	// allocates is garbage when it ends: collecting a third as often costs that
	// much memory again and saves a tenth of the time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
}
