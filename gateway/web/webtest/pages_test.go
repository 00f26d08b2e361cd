package webtest

import (
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestEveryPage opens every page in light, dark, on a narrow screen and in
// Korean, saves screenshots, and runs axe to find accessibility problems.
func TestEveryPage(t *testing.T) {
	o := newOffice(t)
	o.interruptRebuild()
	pages := []struct{ name, path string }{
		{"home", "/"},
		{"board", "/projects/" + o.project},
		{"board-filtered", "/projects/" + o.project + "?q=%40mina"},
		{"list", "/projects/" + o.project + "/list"},
		{"list-grouped", "/projects/" + o.project + "/list?group=status&sort=-due"},
		{"activity", "/projects/" + o.project + "/activity"},
		{"trash", "/projects/" + o.project + "/trash"},
		{"settings", "/projects/" + o.project + "/settings"},
		{"task", "/tasks/" + o.tasks[1]},
		{"task-deleted", "/tasks/" + o.tasks[5]},
		{"my-work", "/my-work"},
		{"find", "/find"},
		{"find-results", "/find?q=the"},
		{"find-nothing", "/find?q=zzz"},
		{"profile", "/me"},
		{"sessions", "/me/sessions"},
		{"tokens", "/me/tokens"},
		{"status", "/status"},
		{"problem", "/projects/" + o.tasks[0]},
	}
	screen := map[string]int{"light": 1280, "dark": 1280, "narrow": 320, "korean": 1280}
	for name, options := range map[string][]browsertest.Option{
		"light":  {browsertest.Light()},
		"dark":   {browsertest.Dark()},
		"narrow": {browsertest.Viewport(320, 640), browsertest.Touch()},
		"korean": {browsertest.Language("ko")},
	} {
		t.Run(name, func(t *testing.T) {
			page := browsertest.Open(t, o.URL+"/sign-in", append(options, browsertest.Cookie(o.mina.Cookie()))...)
			for _, p := range pages {
				page.Go(p.path)
				if strings.HasPrefix(p.name, "board") {
					page.WaitFor("#board[data-ready]")
				}
				page.Screenshot(p.name + "-" + name)
				page.Accessible()
				// A page that is too wide for a phone widens the window, not
				// the screen.
				if wide := browsertest.Eval[int](page, "document.scrollingElement.scrollWidth"); wide > screen[name] {
					t.Errorf("%s is %d pixels wide", p.name, wide)
				}
			}
		})
	}
}
