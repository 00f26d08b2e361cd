package browsertest

import "time"

// Timing is how long the current document took, from the beginning of its
// navigation. The figures depend on the machine: print them, do not assert on
// them.
type Timing struct {
	FirstByte   time.Duration
	Interactive time.Duration
	Loaded      time.Duration
}

// Timing waits until the page has loaded and returns its navigation timing.
func (p *Page) Timing() Timing {
	p.t.Helper()
	p.Wait("the page to have loaded", `(performance.getEntriesByType("navigation")[0]?.loadEventEnd ?? 0) > 0`)
	ms := Eval[[]float64](p, `(n => [n.responseStart, n.domInteractive, n.loadEventEnd])(performance.getEntriesByType("navigation")[0])`)
	return Timing{milliseconds(ms[0]), milliseconds(ms[1]), milliseconds(ms[2])}
}

// Mark waits for the page's performance.mark of the name and returns the time
// of the last one, from the beginning of the navigation.
func (p *Page) Mark(name string) time.Duration {
	p.t.Helper()
	marks := `performance.getEntriesByName(` + literal(name) + `, "mark")`
	p.Wait("the mark "+name, marks+`.length > 0`)
	return milliseconds(Eval[float64](p, marks+`.at(-1).startTime`))
}

// LongTasks runs the action and returns the duration of each task that blocked
// the page for more than 50 ms, until it had painted after the action. The
// action must not leave the document.
func (p *Page) LongTasks(action func()) []time.Duration {
	p.t.Helper()
	_ = Eval[any](p, `void (window.docketLong = (() => {
		const found = [];
		const observer = new PerformanceObserver(list => found.push(...list.getEntries().map(e => e.duration)));
		observer.observe({type: "longtask"});
		return () => { found.push(...observer.takeRecords().map(e => e.duration)); observer.disconnect(); return found; };
	})())`)
	action()
	p.frame()
	// An entry is created only after its task has ended, and reported in
	// another task.
	all := Eval[[]float64](p, `new Promise(done => setTimeout(() => done(window.docketLong()), 50))`)
	var tasks []time.Duration
	for _, ms := range all {
		tasks = append(tasks, milliseconds(ms))
	}
	return tasks
}

// InputToPaint runs the action and returns the time from the first DOM event of
// the kind, such as "keydown" or "pointerdown", until the page had painted the
// immediate result of its handlers. A screen paints 60 times a second, so
// figures come in steps of 16.7 ms. The action must not leave the document.
func (p *Page) InputToPaint(event string, action func()) time.Duration {
	p.t.Helper()
	_ = Eval[any](p, `void (window.docketPaint = new Promise(done => addEventListener(`+literal(event)+`, e =>
		requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => done(performance.now() - e.timeStamp); c.port2.postMessage(0); }),
		{capture: true, once: true})))`)
	action()
	return milliseconds(Eval[float64](p, `window.docketPaint`))
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
