package webtest

import (
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestNotFoundPageKeepsNavigation opens an address that does not exist:
// a signed-in user gets the full navigation, a stranger only a link home.
func TestNotFoundPageKeepsNavigation(t *testing.T) {
	o := newOffice(t)
	page := browsertest.Open(t, o.URL+"/nowhere/at/all", browsertest.Cookie(o.mina.Cookie()), browsertest.Allow("404"))
	if code := page.Attribute("#problem", "data-code"); code != "unknown_route" {
		t.Errorf("nowhere is %q", code)
	}
	page.WaitText("#top", "My work")
	page.Click("#top .projects summary")
	page.WaitText("#top .projects", "Opening the shop")
	page.Screenshot("problem-unknown")
	page.Press("Escape", "Control+k")
	page.WaitFor("#choose")
	page.Press("Escape")
	page.Accessible()
	page.Fill("#problem [name=q]", "mugs")
	page.Loads(func() { page.Press("Enter") })
	page.WaitText(".lines", "Photograph the new mugs")
	page.Go("/nowhere/else")
	page.Follow("#problem a")
	if page.Path() != "/" {
		t.Errorf("home is %s", page.Path())
	}

	stranger := browsertest.Open(t, o.URL+"/nowhere", browsertest.Allow("404"))
	stranger.WaitFor("#problem")
	if n := stranger.Count("#top, #problem form, #context"); n > 0 {
		t.Error("a stranger is shown what is for people who are signed in")
	}
	stranger.Accessible()
}
