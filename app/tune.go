package app

import (
	"os"
	"runtime"
	"runtime/debug"
)

// tune sets the Go runtime for a process with a broker in it, unless the
// operator has. docs/performance.md has what it brings.
func tune() {
	// The broker syncs each append, and the goroutine that waits for the disk
	// holds one of the scheduler's places until it is taken away. On a machine
	// of two or three cores the rest of the program would stand in line for
	// what is left.
	const places = 4
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < places {
		runtime.GOMAXPROCS(places)
	}
	// What is live is small, a few dozen megabytes, and most of what a request
	// allocates is gone with it: collecting a third as often costs that much
	// memory again and saves a tenth of the time.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
}
