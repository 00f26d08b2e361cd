package webtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestPagesAreUsedByKeysAlone moves through each page with the Tab key: every
// stop is visible and shows that it has the focus, and the sequence ends.
func TestPagesAreUsedByKeysAlone(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/")
	for _, path := range []string{"/", "/projects/" + o.project, "/projects/" + o.project + "/list", "/projects/" + o.project + "/settings", "/tasks/" + o.tasks[1], "/my-work", "/find?q=the", "/me", "/me/tokens"} {
		page.Go(path)
		if strings.HasPrefix(path, "/projects") && strings.HasSuffix(path, o.project) {
			page.WaitFor("#board[data-ready]")
		}
		page.Press("Tab")
		if first := page.Focused(); !strings.Contains(first, "Skip to content") {
			t.Errorf("%s begins at %s", path, first)
		}
		for n := 0; ; n++ {
			type stop struct {
				What     string
				Body, Ok bool
			}
			at := browsertest.Eval[stop](page, `(() => {
				const e = document.activeElement, s = getComputedStyle(e.closest(".card") ?? e), r = e.getBoundingClientRect()
				return {what: e.outerHTML.slice(0, 160), body: e === document.body,
					ok: r.width > 0 && r.height > 0 && r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0}
			})()`)
			if at.Body {
				break
			}
			if !at.Ok {
				t.Errorf("%s: the focus is not to be seen on %s", path, at.What)
			}
			if n > 200 {
				t.Fatalf("%s: the way does not end", path)
			}
			page.Press("Tab")
		}
	}
}

func TestMenusCloseOnEscapeAndOutside(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/projects/"+o.project+"/list?q=the")
	for _, menu := range []string{"details.me", "details.projects", "#chips details"} {
		page.Click(menu + " > summary")
		page.Wait(menu+" to be open", fmt.Sprintf(`document.querySelector(%q).open`, menu))
		page.Press("Tab")
		page.WaitFocus(menu)
		page.Press("Escape")
		page.Wait(menu+" to be closed", fmt.Sprintf(`!document.querySelector(%q).open`, menu))
		page.WaitFocus(menu + " > summary")
		page.Click(menu + " > summary")
		page.Click("h1")
		page.Wait(menu+" to be closed", fmt.Sprintf(`!document.querySelector(%q).open`, menu))
	}
}

func TestFocusStaysWhenFormsChangeThePage(t *testing.T) {
	o := newOffice(t)
	ann := o.Register("Ann Reader")
	o.at(o.API(o.mina, "POST", o.api("/members"), m{"email": ann.Email, "role": "viewer"}).Want(201))
	page := o.settings(o.mina)
	page.Click(o.member(ann) + " [name=remove]")
	page.WaitGone(o.member(ann))
	page.WaitFocus("#members")
	page.Press("Tab")
	page.WaitFocus("#members")
	page.Go("/tasks/" + o.tasks[1])
	page.Click("#history form button")
	page.WaitText("#history", "Write the announcement")
	page.WaitFocus("main")
}

// TestPagesReadFromRightToLeft checks that nothing overflows in right-to-left
// writing.
func TestPagesReadFromRightToLeft(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/")
	for name, path := range map[string]string{"board": "/projects/" + o.project, "list": "/projects/" + o.project + "/list?group=status", "task": "/tasks/" + o.tasks[1], "settings": "/projects/" + o.project + "/settings"} {
		page.Go(path)
		browsertest.Eval[any](page, `void (document.documentElement.dir = "rtl")`)
		if name == "board" {
			page.WaitFor("#board[data-ready]")
			page.Click(o.card(1) + " a.title")
			page.WaitFor("#panel #task")
			page.Screenshot("rtl-panel")
			page.Press("Escape")
			page.WaitGone("#panel")
		}
		page.Screenshot("rtl-" + name)
		if wide := browsertest.Eval[int](page, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
			t.Errorf("%s is %d pixels wider than the screen", name, wide)
		}
	}
}
