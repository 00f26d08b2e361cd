package browsertest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Timeout is the timeout of every wait, unless [Page.Within] sets another:
// long enough for a busy machine.
const Timeout = 2 * time.Minute

// Page is the page that one user sees. Its methods fail the test when they
// cannot do their work. A page must be used by one goroutine only; two pages
// may be used concurrently.
type Page struct {
	t        TB
	ctx      context.Context
	origin   string
	settings settings
	watch    *watch
	timeout  time.Duration
	// mouseX and mouseY are the last position of the pointer.
	mouseX, mouseY float64
}

// Open opens address in a browser context of its own, and closes it when the
// test ends. The origin of address is the only one the page may send requests
// to.
func Open(t TB, address string, options ...Option) *Page {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		t.Fatalf("open %q: not an absolute URL", address)
	}
	p := &Page{t: t, timeout: Timeout, origin: u.Scheme + "://" + u.Host, settings: settings{
		width: 1280, height: 800, scale: 1, media: map[string]string{"prefers-color-scheme": "light"},
	}}
	for _, o := range options {
		o(&p.settings)
	}
	p.watch = newWatch(p.origin, p.settings.allowed)
	ctx, cancel := chromedp.NewContext(shared.start(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(p.watch.see))
	p.ctx, p.watch.ctx = ctx, ctx
	t.Cleanup(func() {
		t.Helper()
		// Events sent before this answer have been handled once it arrives.
		within, done := context.WithTimeout(ctx, Timeout)
		_, _ = chromedp.Run(within, chromedp.Evaluate[chromedp.Void]("0"))
		done()
		cancel()
		p.watch.dialogs.Wait()
		for _, problem := range p.watch.unexpected() {
			t.Errorf("%s", problem)
		}
	})
	if err := p.prepare(); err != nil {
		t.Fatalf("prepare a page: %v", err)
	}
	p.Go(address)
	return p
}

// prepare applies the user's settings to the browser.
func (p *Page) prepare() error {
	// Starts the tab; see launch for why there is no deadline.
	if err := chromedp.Do(p.ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.ctx, Timeout)
	defer cancel()
	s := p.settings
	var errs []error
	try := func(_ cdp.Empty, err error) { errs = append(errs, err) }
	try(chromedp.Call(ctx, audits.Enable, cdp.Empty{}))
	try(chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: s.width, Height: s.height, DeviceScaleFactor: s.scale, Mobile: s.touch,
	}))
	// Without this, a page that lost the focus to another user's would show no
	// focus ring and no caret.
	try(chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	if s.touch {
		try(chromedp.Call(ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 5}))
	}
	var features []*emulation.MediaFeature
	for name, value := range s.media {
		features = append(features, &emulation.MediaFeature{Name: name, Value: value})
	}
	try(chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}))
	if s.language != "" {
		try(chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: shared.agent, AcceptLanguage: s.language}))
		first, _, _ := strings.Cut(s.language, ",")
		try(chromedp.Call(ctx, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: strings.TrimSpace(first)}))
	}
	if s.timezone != "" {
		try(chromedp.Call(ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: s.timezone}))
	}
	if s.noScript {
		try(chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	}
	for _, c := range s.cookies {
		_, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{
			Name: c.Name, Value: c.Value, URL: p.origin, Path: c.Path, HTTPOnly: &c.HttpOnly, Secure: &c.Secure,
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Go opens a path of the server, as if typed into the address bar, and returns
// when the page has loaded.
func (p *Page) Go(path string) {
	p.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.origin + path
	}
	p.loads("go to "+path, func() {
		result, err := call(p, page.Navigate, page.NavigateParams{URL: path})
		switch {
		case err != nil:
			p.fatal("go to %s: %v", path, err)
		case result.ErrorText != "":
			p.fatal("go to %s: %s", path, result.ErrorText)
		}
	})
}

// Reload reloads the page, like the browser's button.
func (p *Page) Reload() {
	p.t.Helper()
	p.loads("reload", func() {
		if _, err := call(p, page.Reload, page.ReloadParams{}); err != nil {
			p.fatal("reload: %v", err)
		}
	})
}

// Back goes back, like the browser's button. It may not load a new document, so
// wait for what it is expected to show.
func (p *Page) Back() { p.t.Helper(); _ = Eval[any](p, "void setTimeout(() => history.back())") }

// Loads runs the action and returns when a new document has loaded.
func (p *Page) Loads(action func()) {
	p.t.Helper()
	p.loads("a new document", action)
}

// Follow clicks an element that opens another page, and returns when that page
// has loaded.
func (p *Page) Follow(sel string) {
	p.t.Helper()
	p.loads("where "+sel+" leads", func() { p.t.Helper(); p.Click(sel) })
}

func (p *Page) loads(what string, action func()) {
	p.t.Helper()
	const mark = "document.documentElement.docketSeen"
	_, _ = evaluate[any](p, "void (document.documentElement && ("+mark+" = true))")
	before := p.URL()
	action()
	p.until(what+" to load", func() bool {
		p.t.Helper()
		state, err := evaluate[string](p, `document.documentElement && !`+mark+` ? document.readyState : ""`)
		if err == nil && state == "complete" {
			return true
		}
		// A change of fragment loads no new document.
		now, err := evaluate[string](p, "location.href")
		return err == nil && now != before && strings.Contains(now, "#") && withoutFragment(now) == withoutFragment(before)
	})
}

func withoutFragment(address string) string {
	address, _, _ = strings.Cut(address, "#")
	return address
}

// URL returns the page's address.
func (p *Page) URL() string {
	p.t.Helper()
	return settled[string](p, "location.href")
}

// Path returns the page's path and query.
func (p *Page) Path() string {
	p.t.Helper()
	return settled[string](p, "location.pathname + location.search")
}

// Allow expects problems whose text contains one of the parts, for the whole
// life of the page.
func (p *Page) Allow(parts ...string) { p.watch.allow(parts) }

// Within sets the timeout of all further waits.
func (p *Page) Within(timeout time.Duration) { p.timeout = timeout }

// Problems returns the unexpected problems so far.
func (p *Page) Problems() []string { return p.watch.unexpected() }

// call sends a command, with a timeout.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, Timeout)
	defer cancel()
	return chromedp.Call(ctx, command, params)
}

// evaluate returns the value of an expression, awaiting it if it is a promise.
func evaluate[T any](p *Page, js string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, Timeout)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// Eval returns the value of a JavaScript expression in the page, awaiting it if
// it is a promise, decoded from JSON.
func Eval[T any](p *Page, js string) T {
	p.t.Helper()
	value, err := evaluate[T](p, js)
	if err != nil {
		p.fatal("evaluate %s: %v", js, err)
	}
	return value
}

// settled is Eval for expressions that may run while another page loads.
func settled[T any](p *Page, js string) T {
	p.t.Helper()
	var value T
	var err error
	for deadline := time.Now().Add(p.timeout); ; time.Sleep(10 * time.Millisecond) {
		if value, err = evaluate[T](p, js); err == nil {
			return value
		}
		var thrown *chromedp.ExceptionError
		if errors.As(err, &thrown) || p.ctx.Err() != nil || time.Now().After(deadline) {
			p.fatal("evaluate %s: %v", js, err)
		}
	}
}

// until waits for ok.
func (p *Page) until(what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(p.timeout); !ok(); time.Sleep(10 * time.Millisecond) {
		if p.ctx.Err() != nil {
			p.t.Fatalf("waited for %s, and the browser is gone: %v", what, context.Cause(p.ctx))
		}
		if time.Now().After(deadline) {
			p.fatal("waited %v for %s", p.timeout, what)
		}
	}
}

// fatal ends the test and reports what the page shows.
func (p *Page) fatal(format string, args ...any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
	defer cancel()
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[location.href, document.title, document.body ? document.body.innerText : ""]`))
	where := fmt.Sprintf("the page does not answer: %v", err)
	if err == nil && len(seen) == 3 {
		text := seen[2]
		if len(text) > 4000 {
			text = text[:4000] + "…"
		}
		where = fmt.Sprintf("at %s, titled %q, which shows:\n%s", seen[0], seen[1], text)
	}
	problems := ""
	if all := p.watch.unexpected(); len(all) > 0 {
		problems = "\nand which had:\n" + strings.Join(all, "\n")
	}
	p.t.Fatalf("%s\n%s%s", fmt.Sprintf(format, args...), where, problems)
}
