package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/docketlog/docket/projections"
)

// bar shows the progress of long work: on a terminal in a line that is
// rewritten, otherwise in a line every few seconds.
type bar struct {
	w        io.Writer
	what     string
	unit     string // what is counted
	scale    uint64 // how many of the values passed to show make one unit
	terminal bool
	began    time.Time
	from     uint64 // what was done when the work began
	shown    time.Time
	complete bool
	width    int
}

func newBar(w io.Writer, what string) *bar {
	b := &bar{w: w, what: what, unit: "events", scale: 1, began: time.Now(), shown: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			b.terminal = info.Mode()&os.ModeCharDevice != 0
		}
	}
	return b
}

// newSizeBar returns a bar for work that is counted in bytes.
func newSizeBar(w io.Writer, what string) *bar {
	b := newBar(w, what)
	b.unit, b.scale = "KiB", 1<<10
	return b
}

// show reports that done of total are done. It may be called at any rate.
func (b *bar) show(done, total uint64) {
	now := time.Now()
	interval := 3 * time.Second
	if b.terminal {
		interval = 100 * time.Millisecond
	}
	complete := done >= total
	if complete && b.complete || !complete && now.Sub(b.shown) < interval {
		return
	}
	b.shown, b.complete = now, complete
	elapsed := now.Sub(b.began)
	rate := float64(done-min(b.from, done)) / max(elapsed.Seconds(), 1e-3)
	remaining := "?"
	switch {
	case complete:
		remaining = "0s"
	case rate > 0:
		remaining = time.Duration(float64(total-min(done, total)) / rate * float64(time.Second)).Round(time.Second).String()
	}
	share := 1.0
	if total > 0 {
		share = float64(done) / float64(total)
	}
	text := fmt.Sprintf("%s %3.0f%% %d of %d %s, %.0f/s, %s left", b.what, 100*share, done/b.scale, total/b.scale, b.unit, rate/float64(b.scale), remaining)
	if !b.terminal {
		fmt.Fprintln(b.w, text)
		return
	}
	const cells = 24
	full := int(share * cells)
	text = "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "] " + text
	fmt.Fprintf(b.w, "\r%-*s", b.width, text)
	b.width = len(text)
}

// follow shows work that may resume after an interruption: what was done before
// the first call does not count in the rate.
func (b *bar) follow() func(projections.Progress) {
	first := true
	return func(p projections.Progress) {
		if first {
			b.from, first = p.Done, false
		}
		b.show(p.Done, p.Total)
	}
}

// end finishes the line.
func (b *bar) end() {
	if b.terminal && b.width > 0 {
		fmt.Fprintln(b.w)
	}
}
