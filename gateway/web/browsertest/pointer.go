package browsertest

import (
	"context"
	"errors"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// spot is the position and box of an element in the viewport.
type spot struct{ X, Y, Left, Top, Width, Height float64 }

// placing scrolls an element into view and returns its position, or what covers
// it. It uses the first of the element's boxes: the middle of a link broken
// over two lines may lie outside it.
const placing = `(() => {
	if (!one || !seen(one)) return {why: "is not to be seen"};
	const box = () => {
		const all = [...one.getClientRects()].filter(r => r.width > 0 && r.height > 0);
		return all.length === 1 || getComputedStyle(one).display === "inline" ? all[0] : one.getBoundingClientRect();
	};
	let r = box();
	if (!r) return {why: "has no size"};
	const inside = () => r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth;
	const hit = () => document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
	const ours = e => e && (one.contains(e) || e.closest("label")?.control === one);
	if (!inside() || !ours(hit())) {
		one.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
		r = box();
	}
	const at = {x: r.left + r.width / 2, y: r.top + r.height / 2, left: r.left, top: r.top, width: r.width, height: r.height};
	if (one.matches(":disabled")) return {...at, why: "is disabled"};
	if (!ours(hit())) return {...at, why: "is covered by " + (hit()?.outerHTML.slice(0, 200) ?? "nothing of the page")};
	return at;
})()`

// place waits until an element is in view, at rest and uncovered.
func (p *Page) place(sel string) spot {
	p.t.Helper()
	type placed struct {
		spot
		Why string
	}
	var last, at placed
	var why string
	for deadline := time.Now().Add(p.timeout); ; time.Sleep(20 * time.Millisecond) {
		var err error
		at, err = evaluate[placed](p, finding(sel, placing))
		switch {
		case err != nil:
			why = err.Error()
		case at.Why != "":
			why = at.Why
		case at.spot == last.spot:
			return at.spot
		default:
			why = "does not come to rest"
		}
		last = at
		if p.ctx.Err() != nil || time.Now().After(deadline) {
			p.fatal("%s %s, after %v", sel, why, p.timeout)
		}
	}
}

func (p *Page) mouse(kind input.DispatchMouseEventType, x, y float64, clicks int64) {
	p.t.Helper()
	params := input.DispatchMouseEventParams{Type: kind, X: x, Y: y, ClickCount: clicks}
	if kind != chromedp.MouseMoved {
		params.Button = input.MouseButtonLeft
	}
	if kind == chromedp.MousePressed {
		params.Buttons = 1
	}
	if _, err := call(p, input.DispatchMouseEvent, params); err != nil {
		p.fatal("mouse: %v", err)
	}
	p.mouseX, p.mouseY = x, y
}

func (p *Page) finger(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
	p.t.Helper()
	if points == nil {
		points = []*input.TouchPoint{}
	}
	if _, err := call(p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
		p.fatal("touch: %v", err)
	}
}

// Click presses the left button on an element, or taps it on a page with
// [Touch], once it is visible, at rest and uncovered. It does not wait for the
// result; see [Page.Follow] for links.
func (p *Page) Click(sel string) {
	p.t.Helper()
	at := p.place(sel)
	if p.settings.touch {
		p.finger(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at.X, Y: at.Y})
		p.finger(input.DispatchTouchEventTypeTouchEnd)
		return
	}
	p.mouse(chromedp.MouseMoved, at.X, at.Y, 0)
	p.mouse(chromedp.MousePressed, at.X, at.Y, 1)
	p.mouse(chromedp.MouseReleased, at.X, at.Y, 1)
}

// Hover moves the mouse over an element.
func (p *Page) Hover(sel string) {
	p.t.Helper()
	at := p.place(sel)
	p.mouse(chromedp.MouseMoved, at.X, at.Y, 0)
}

// Drag drags an element by its middle onto the middle of another, with the
// mouse. Both must fit into the viewport at once.
func (p *Page) Drag(from, to string) { p.t.Helper(); p.DragTo(from, to, 0.5, 0.5) }

// DragTo is [Page.Drag] onto a point of the other element: 0, 0 is its upper
// left corner and 1, 1 its lower right one.
func (p *Page) DragTo(from, to string, across, down float64) {
	p.t.Helper()
	a, b := p.ends(from, to)
	x, y := b.Left+b.Width*across, b.Top+b.Height*down
	p.mouse(chromedp.MouseMoved, a.X, a.Y, 0)
	ctx, cancel := context.WithTimeout(p.ctx, Timeout)
	defer cancel()
	// Pages that use native drag and drop get its events, others the mouse
	// moves.
	if err := chromedp.Do(ctx, chromedp.DragAndDropXY(a.X, a.Y, x, y, 20)); err != nil {
		p.fatal("drag %s to %s: %v", from, to, err)
	}
	p.mouseX, p.mouseY = x, y
}

// longPress is how long a finger rests before it starts a drag: more than the
// half second after which browsers and pages detect a long press.
const longPress = 800 * time.Millisecond

// TouchDrag is [Page.Drag] with a finger, after a long press.
func (p *Page) TouchDrag(from, to string) { p.t.Helper(); p.TouchDragTo(from, to, 0.5, 0.5) }

// TouchDragTo is [Page.DragTo] with a finger, after a long press.
func (p *Page) TouchDragTo(from, to string, across, down float64) {
	p.t.Helper()
	a, b := p.ends(from, to)
	x, y := b.Left+b.Width*across, b.Top+b.Height*down
	p.finger(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: a.X, Y: a.Y})
	time.Sleep(longPress)
	const steps = 20
	for i := 1; i <= steps; i++ {
		part := float64(i) / steps
		p.finger(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: a.X + (x-a.X)*part, Y: a.Y + (y-a.Y)*part})
		p.frame()
	}
	p.finger(input.DispatchTouchEventTypeTouchEnd)
}

// Swipe moves a finger from the middle of an element, without a long press.
func (p *Page) Swipe(sel string, right, down float64) {
	p.t.Helper()
	at := p.place(sel)
	p.finger(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at.X, Y: at.Y})
	const steps = 10
	for i := 1; i <= steps; i++ {
		part := float64(i) / steps
		p.finger(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: at.X + right*part, Y: at.Y + down*part})
	}
	p.finger(input.DispatchTouchEventTypeTouchEnd)
}

// ends returns the start and end of a drag, both in view.
func (p *Page) ends(from, to string) (a, b spot) {
	p.t.Helper()
	p.place(to)
	a = p.place(from)
	type placed struct {
		spot
		In bool
	}
	// The dragged element may cover the target, so the target only has to be in
	// view.
	target := settled[placed](p, finding(to, `(() => {
		const r = one.getBoundingClientRect();
		return {x: r.left + r.width / 2, y: r.top + r.height / 2, left: r.left, top: r.top, width: r.width, height: r.height,
			in: r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth};
	})()`))
	if !target.In {
		p.fatal("%s and %s are never in view at once", from, to)
	}
	return a, target.spot
}

// Scroll turns the wheel over an element, by CSS pixels.
func (p *Page) Scroll(sel string, right, down float64) {
	p.t.Helper()
	at := p.place(sel)
	// The library's parameter type omits zeros, which the wheel requires.
	wheel := map[string]any{"type": chromedp.MouseWheel, "x": at.X, "y": at.Y, "deltaX": right, "deltaY": down}
	ctx, cancel := context.WithTimeout(p.ctx, Timeout)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		return tab.Call(ctx, input.CommandDispatchMouseEvent, wheel, nil)
	})); err != nil {
		p.fatal("scroll %s: %v", sel, err)
	}
	p.frame()
}

// frame waits until the page has painted once. A page that is being replaced
// counts as painted.
func (p *Page) frame() {
	if p.settings.noScript {
		return
	}
	_, err := evaluate[any](p, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))`)
	if errors.Is(err, context.DeadlineExceeded) {
		p.fatal("the page does not paint: %v", err)
	}
}
