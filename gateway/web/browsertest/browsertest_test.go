package browsertest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/web/browsertest"
)

type suite struct{ *testing.M }

func (s suite) Run() int { return browsertest.Run(s.M) }

// TestMain also checks that ending the browser leaves nothing running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(suite{m}) }

// observed is a TB that records the failures of a test.
type observed struct {
	ctx      context.Context
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (o *observed) Helper()                        {}
func (o *observed) Context() context.Context       { return o.ctx }
func (o *observed) Logf(string, ...any)            {}
func (o *observed) Cleanup(f func())               { o.cleanups = append(o.cleanups, f) }
func (o *observed) Skip(...any)                    { runtime.Goexit() }
func (o *observed) Fatalf(format string, a ...any) { o.Errorf(format, a...); runtime.Goexit() }
func (o *observed) Errorf(format string, a ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures = append(o.failures, fmt.Sprintf(format, a...))
}

// observe runs a test to its end and returns its failures.
func observe(t *testing.T, test func(browsertest.TB)) []string {
	t.Helper()
	chromium(t)
	o := &observed{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(o.cleanups) - 1; i >= 0; i-- {
				o.cleanups[i]()
			}
		}()
		test(o)
	}()
	<-done
	return o.failures
}

func chromium(t *testing.T) {
	t.Helper()
	if os.Getenv("DOCKET_TEST_CHROMIUM") == "" && os.Getenv("DOCKET_TEST_REQUIRE") == "" {
		t.Skip("SKIPPED: no browser; set DOCKET_TEST_CHROMIUM or run make test")
	}
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// serve serves pages with a body and a script at /page.js, under a strict
// policy.
func serve(t *testing.T, body, script string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>Tried</title><link rel="icon" href="/icon"><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css"><script src="/page.js" defer></script></head>
<body><main><h1>Tried</h1><p id="asked">%s %s</p>%s</main></body></html>`, r.Header.Get("Accept-Language"), r.Header.Get("Cookie"), body)
	})
	mux.HandleFunc("GET /other", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Other</title><main><h1>Other</h1></main></html>`)
	})
	mux.HandleFunc("GET /page.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, script)
	})
	mux.HandleFunc("GET /page.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, `.box { width: 120px; height: 80px; margin: 10px; border: 1px solid } #tall { height: 3000px } #cover { position: fixed; inset: 0 }
			@media (prefers-color-scheme: dark) { body { background: #000; color: #fff } }`)
	})
	mux.HandleFunc("GET /icon", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("GET /refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestPagesAreWatched checks that each kind of problem fails the test unless it
// is allowed.
func TestPagesAreWatched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body, script string
		wait         string
		press        string
		want         string
	}{
		"inline script": {body: `<script>window.ran = true</script>`, want: "content security policy: script-src"},
		"inline style":  {body: `<p style="color: red">Red</p>`, want: "content security policy: style-src"},
		// Some versions report a blocked handler when the page loads, some when
		// it would run.
		"inline handler":     {body: `<button onclick="alert(1)">Do</button>`, press: "button", want: "content security policy: script-src"},
		"foreign image":      {body: `<img alt="" src="http://127.0.0.1:9/x.png">`, want: "content security policy: img-src"},
		"exception":          {script: `null.x`, want: "uncaught exception: Uncaught TypeError"},
		"rejection":          {script: `Promise.reject(new Error("nobody minds"))`, want: "nobody minds"},
		"console error":      {script: `console.error("a thing", 7)`, want: "console error: a thing 7"},
		"dialog":             {script: `confirm("really?")`, want: "a script put up a dialog: confirm: really?"},
		"fetch answered 500": {script: `fetch("/broken").then(() => document.title = "done")`, wait: `document.title === "done"`, want: "status 500: GET"},
		"missing script":     {body: `<script src="/none.js"></script>`, want: "a part of the page is not there: status 404"},
		"another origin":     {script: `document.title = "on its way"; setTimeout(() => location = "http://localhost:9/", 0)`, want: "request to another origin: http://localhost:9/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, c.body, c.script)
			visit := func(allowed ...string) []string {
				return observe(t, func(t browsertest.TB) {
					p := browsertest.Open(t, address, browsertest.Allow(allowed...))
					p.Wait("it to happen", "document.readyState === 'complete'")
					if c.wait != "" {
						p.Wait(c.wait, c.wait)
					}
					if c.press != "" {
						p.Click(c.press)
					}
					// A missing problem is reported below.
					for deadline := time.Now().Add(browsertest.Timeout); allowed == nil && len(p.Problems()) == 0 && time.Now().Before(deadline); {
						time.Sleep(5 * time.Millisecond)
					}
				})
			}
			found := visit()
			if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, c.want) }) {
				t.Fatalf("failed for %q, want %q", found, c.want)
			}
			if name == "another origin" {
				return // If allowed, the page goes there, and no server answers.
			}
			if found := visit("content security policy", "Content Security Policy", "uncaught", "console error", "dialog", "status 500", "a part of", "another origin"); len(found) > 0 {
				t.Errorf("failed for what was allowed: %q", found)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		address := serve(t, "", `fetch("/refused").then(() => document.title = "done")`)
		if found := observe(t, func(t browsertest.TB) {
			p := browsertest.Open(t, address)
			p.Wait("an answer", `document.title === "done"`)
		}); len(found) > 0 {
			t.Errorf("failed for %q", found)
		}
	})
}

func TestBarriersAreFound(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]browsertest.Option{"scripts": nil, "no scripts": {browsertest.NoScript()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, `<input id="nameless">`, "")
			found := observe(t, func(t browsertest.TB) { browsertest.Open(t, address, options...).Accessible() })
			if len(found) != 1 || !strings.Contains(found[0], "label") || !strings.Contains(found[0], "#nameless") {
				t.Errorf("found %q", found)
			}
			if found := observe(t, func(t browsertest.TB) { browsertest.Open(t, address, options...).Accessible("label") }); len(found) > 0 {
				t.Errorf("found %q with the rule left out", found)
			}
			address = serve(t, `<label for="named">Name</label><input id="named">`, "")
			if found := observe(t, func(t browsertest.TB) { browsertest.Open(t, address, options...).Accessible() }); len(found) > 0 {
				t.Errorf("found %q where there is nothing", found)
			}
		})
	}
}

// TestPersonsAreApart checks that two users have separate browsers.
func TestPersonsAreApart(t *testing.T) {
	t.Parallel()
	chromium(t)
	address := serve(t, `<p id="scheme"></p>`, `document.querySelector("#scheme").textContent = [navigator.language, matchMedia("(prefers-color-scheme: dark)").matches,
		matchMedia("(prefers-reduced-motion: reduce)").matches, innerWidth, navigator.maxTouchPoints, new Date(0).getHours(), document.cookie].join(" ")`)
	one := browsertest.Open(t, address, browsertest.Dark(), browsertest.ReducedMotion(), browsertest.Language("de-AT,de"), browsertest.Timezone("Asia/Tokyo"),
		browsertest.Cookie(&http.Cookie{Name: "who", Value: "one", Path: "/"}))
	two := browsertest.Open(t, address, browsertest.Phone(), browsertest.Timezone("UTC"))
	none := browsertest.Open(t, address, browsertest.NoScript(), browsertest.Viewport(640, 480))
	if got := one.Text("#scheme"); got != "de-AT true true 1280 0 9 who=one" {
		t.Errorf("one is %q", got)
	}
	if got := one.Text("#asked"); got != "de-AT,de;q=0.9 who=one" {
		t.Errorf("one asked with %q", got)
	}
	if got := two.Text("#scheme"); !strings.HasSuffix(got, " false false 390 5 0") {
		t.Errorf("two is %q", got)
	}
	if got := none.Text("#scheme"); got != "" {
		t.Errorf("the script ran and wrote %q", got)
	}
	if got := browsertest.Eval[int](none, "innerWidth"); got != 640 {
		t.Errorf("none is %d wide", got)
	}
	one.Screenshot("browsertest")
	if shot, err := os.ReadFile(filepath.Join("..", "..", "..", ".artefacts", "screenshots", "browsertest.png")); err != nil || !strings.HasPrefix(string(shot), "\x89PNG") {
		t.Errorf("no picture: %v", err)
	}
}

const desk = `<form><label for="title">Title</label> <input id="title" name="title">
<label for="kind">Kind</label> <select id="kind"><option value="a">Apple</option><option value="b">Pear</option></select></form>
<button id="go">Go</button> <button hidden>Hidden</button> <button>Stay <b>here</b></button> <a href="/other">Elsewhere</a>
<div class="box" id="from">From</div><div class="box" id="to">To</div><div class="box" id="native" draggable="true">Native</div>
<ul><li>one</li><li>two</li></ul><p id="said"></p><div id="tall"></div><p id="bottom">Bottom</p>`

const deskScript = `
const said = document.querySelector("#said"), say = text => said.textContent += text + ";";
for (const b of document.querySelectorAll("button")) b.addEventListener("click", () => say("click " + b.innerText));
addEventListener("keydown", e => { if (e.ctrlKey && e.key === "k") { e.preventDefault(); say("ctrl k") } if (e.key === "?") say("help"); if (e.key === "Escape") say("escape") });
let moves = 0, held = false;
const from = document.querySelector("#from"), to = document.querySelector("#to"), native = document.querySelector("#native");
from.addEventListener("mousedown", () => { moves = 0; held = true });
document.addEventListener("mousemove", e => { if (held) moves++ });
document.addEventListener("mouseup", e => { if (held) say("drag " + (to.contains(e.target) && moves > 5)); held = false });
native.addEventListener("dragstart", e => e.dataTransfer.setData("text/plain", "native"));
to.addEventListener("dragover", e => e.preventDefault());
to.addEventListener("drop", e => { e.preventDefault(); say("drop " + e.dataTransfer.getData("text/plain")) });
from.addEventListener("mouseenter", () => say("over"));
let began;
from.addEventListener("touchstart", e => { e.preventDefault(); began = e.timeStamp; moves = 0 }, {passive: false});
from.addEventListener("touchmove", () => moves++);
from.addEventListener("touchend", e => { const t = e.changedTouches[0]; say("touch " + (e.timeStamp - began > 600 && moves > 5 && document.elementFromPoint(t.clientX, t.clientY) === to)) });
document.querySelector("#kind").addEventListener("change", e => say("kind " + e.target.value));
performance.mark("ready");
document.querySelector("#go").addEventListener("click", () => { const end = performance.now() + 120; while (performance.now() < end); });
`

func TestPeopleDoThings(t *testing.T) {
	t.Parallel()
	chromium(t)
	p := browsertest.Open(t, serve(t, desk, deskScript))
	p.Type("#title", "Straße 東京 \"A+b\"?")
	if got := p.Value("#title"); got != `Straße 東京 "A+b"?` {
		t.Errorf("typed %q", got)
	}
	p.WaitText("#said", "help")
	if got := p.Focused(); got != `input#title[name=title] "Title"` {
		t.Errorf("the focus is on %s", got)
	}
	p.Fill("#title", "new")
	if got := p.Value("#title"); got != "new" {
		t.Errorf("filled in %q", got)
	}
	p.Press("Tab")
	p.WaitFocus("#kind")
	p.Press("Shift+Tab")
	p.WaitFocus("#title")
	p.Press("Control+k", "Escape")
	p.WaitText("#said", "ctrl k;escape;")
	p.Set("#kind", "Pear")
	p.WaitText("#said", "kind b;")
	p.Click(`button:has-text("here")`)
	p.WaitText("#said", "click Stay here;")
	p.Hover("#from")
	p.WaitText("#said", "over;")
	p.Drag("#from", "#to")
	p.WaitText("#said", "drag true;")
	p.Drag("#native", "#to")
	p.WaitText("#said", "drop native;")
	if got := p.Texts("li"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("there are %q", got)
	}
	if p.Visible("[hidden]") || !p.Visible("#go") || p.Count("button") != 3 {
		t.Error("what can be seen and what cannot is mixed up")
	}
	p.Scroll("#to", 0, 400)
	p.Wait("the page to have moved", "scrollY > 0")
	p.Click("#bottom")
	p.Follow("a")
	p.WaitText("h1", "Other")
	if got := p.Path(); got != "/other" {
		t.Errorf("followed to %s", got)
	}
	p.Back()
	p.WaitURL("/")
	p.WaitFor("#go")
	p.Go("/other")
	p.WaitGone("#go")
	p.Reload()
	p.WaitText("h1", "Other")
}

func TestFingersDoThings(t *testing.T) {
	t.Parallel()
	chromium(t)
	p := browsertest.Open(t, serve(t, desk, deskScript), browsertest.Phone())
	p.Click(`button:has-text("here")`)
	p.WaitText("#said", "click Stay here;")
	p.TouchDrag("#from", "#to")
	p.WaitText("#said", "touch true;")
}

// TestWaitingEnds checks the message of a wait that times out.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	address := serve(t, `<button id="under">Under</button><div id="cover"></div>`, "")
	for name, c := range map[string]struct {
		do   func(*browsertest.Page)
		want string
	}{
		"never there": {func(p *browsertest.Page) { p.WaitFor("#none") }, "for #none to be seen"},
		"covered":     {func(p *browsertest.Page) { p.Click("#under") }, `#under is covered by <div id="cover">`},
		"no selector": {func(p *browsertest.Page) { p.WaitFor("##") }, "not a valid selector"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := observe(t, func(t browsertest.TB) {
				p := browsertest.Open(t, address)
				p.Within(time.Second)
				c.do(p)
			})
			if len(found) != 1 || !strings.Contains(found[0], c.want) || !strings.Contains(found[0], "at "+address) || !strings.Contains(found[0], "Tried") {
				t.Errorf("failed for %q", found)
			}
		})
	}
}

func TestPagesAreMeasured(t *testing.T) {
	t.Parallel()
	chromium(t)
	p := browsertest.Open(t, serve(t, desk, deskScript))
	timing := p.Timing()
	if timing.FirstByte <= 0 || timing.Interactive < timing.FirstByte || timing.Loaded < timing.Interactive {
		t.Errorf("timing is %+v", timing)
	}
	if ready := p.Mark("ready"); ready < timing.FirstByte {
		t.Errorf("ready at %v, before the first byte at %v", ready, timing.FirstByte)
	}
	// The page's own work takes 120 ms, on any machine.
	if tasks := p.LongTasks(func() { p.Click("#go") }); len(tasks) == 0 || slices.Max(tasks) < 100*time.Millisecond {
		t.Errorf("long tasks are %v", tasks)
	}
	if took := p.InputToPaint("click", func() { p.Click("#go") }); took < 100*time.Millisecond {
		t.Errorf("painted after %v", took)
	}
}

func TestHouse(t *testing.T) {
	t.Parallel()
	chromium(t)
	h := browsertest.NewHouse(t)
	ada := h.Register("Ada")
	project, err := uuid.Parse(h.API(ada, "POST", "/api/v1/projects", map[string]any{"name": "Engine"}).Want(http.StatusCreated).Text("id"))
	if err != nil {
		t.Fatal(err)
	}
	before := h.End()
	for range 3 {
		if _, err := h.Commands.Handle(t.Context(), commands.CreateTask{Task: uuid.New(), Project: project, Title: "Cog"}, commands.Request{Actor: ada.Account, Command: uuid.New()}); err != nil {
			t.Fatal(err)
		}
	}
	if h.End() == before {
		t.Error("nothing came into the log")
	}
	p := browsertest.Open(t, h.URL+"/api/v1/me", browsertest.Cookie(ada.Cookie()))
	p.WaitText("body", ada.Email)
	h.StopServer()
	if _, err := http.Get(h.URL + "/readyz"); err == nil {
		t.Error("a stopped server answers")
	}
	h.StartServer()
	p.Go("/api/v1/me")
	p.WaitText("body", ada.Email)
}
