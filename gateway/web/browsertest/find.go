package browsertest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// finder is the script that finds elements in the page. Visible elements come
// first: a page may contain the same control for narrow and for wide screens.
const finder = `(() => {
	const seen = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
	const all = (css, text) => {
		const found = [...document.querySelectorAll(css)].filter(e => text === null || (e.innerText ?? e.textContent).includes(text));
		return [...found.filter(seen), ...found.filter(e => !seen(e))];
	};
	const found = all(%s, %s);
	const one = found[0];
	return (%s);
})()`

var hasText = regexp.MustCompile(`(?s)^(.*):has-text\("(.*)"\)$`)

// finding returns a script whose expression may use all matching elements
// (found), the first (one) and a function that reports whether an element is
// visible (seen).
func finding(sel, expression string) string {
	css, text := sel, any(nil)
	if m := hasText.FindStringSubmatch(sel); m != nil {
		css, text = m[1], m[2]
	}
	if strings.TrimSpace(css) == "" {
		css = "*"
	}
	return fmt.Sprintf(finder, literal(css), literal(text), expression)
}

// literal returns a value as a JavaScript literal.
func literal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // Only strings are passed.
	}
	return string(text)
}

// Text waits for an element and returns its visible text.
func (p *Page) Text(sel string) string {
	p.t.Helper()
	p.present(sel)
	return settled[string](p, finding(sel, `one ? (one.innerText ?? one.textContent).trim() : ""`))
}

// Texts returns the texts of all elements that are visible now, in document
// order.
func (p *Page) Texts(sel string) []string {
	p.t.Helper()
	return settled[[]string](p, finding(sel, `found.filter(seen).map(e => (e.innerText ?? e.textContent).trim())`))
}

// Value waits for a control and returns its value.
func (p *Page) Value(sel string) string {
	p.t.Helper()
	p.present(sel)
	return settled[string](p, finding(sel, `one ? (one.type === "checkbox" || one.type === "radio" ? String(one.checked) : String(one.value)) : ""`))
}

// Attribute waits for an element and returns its attribute, "" if it has none.
func (p *Page) Attribute(sel, name string) string {
	p.t.Helper()
	p.present(sel)
	return settled[string](p, finding(sel, `one?.getAttribute(`+literal(name)+`) ?? ""`))
}

// Visible reports whether an element is visible now.
func (p *Page) Visible(sel string) bool {
	p.t.Helper()
	return settled[bool](p, finding(sel, `found.some(seen)`))
}

// Count returns the current number of elements, visible or not.
func (p *Page) Count(sel string) int {
	p.t.Helper()
	return settled[int](p, finding(sel, `found.length`))
}

// WaitFor waits until an element is visible.
func (p *Page) WaitFor(sel string) {
	p.t.Helper()
	p.when(sel+" to be seen", finding(sel, `found.some(seen)`))
}

// WaitGone waits until no matching element is visible.
func (p *Page) WaitGone(sel string) {
	p.t.Helper()
	p.when(sel+" to be gone", finding(sel, `!found.some(seen)`))
}

// WaitText waits until a visible element contains the text.
func (p *Page) WaitText(sel, text string) {
	p.t.Helper()
	p.when(fmt.Sprintf("%s to say %q", sel, text), finding(sel, `found.some(e => seen(e) && (e.innerText ?? e.textContent).includes(`+literal(text)+`))`))
}

// WaitValue waits until a control has the value.
func (p *Page) WaitValue(sel, value string) {
	p.t.Helper()
	p.when(fmt.Sprintf("%s to hold %q", sel, value), finding(sel, `found.some(e => String(e.value) === `+literal(value)+`)`))
}

// WaitCount waits until there are n elements, visible or not.
func (p *Page) WaitCount(sel string, n int) {
	p.t.Helper()
	p.when(fmt.Sprintf("%d of %s", n, sel), finding(sel, fmt.Sprintf(`found.length === %d`, n)))
}

// WaitURL waits until the page's address contains the part.
func (p *Page) WaitURL(part string) {
	p.t.Helper()
	p.when("an address with "+part, `location.href.includes(`+literal(part)+`)`)
}

// WaitFocus waits until the element, or a descendant, has the focus.
func (p *Page) WaitFocus(sel string) {
	p.t.Helper()
	p.when(sel+" to have the focus", finding(sel, hasFocus))
}

const hasFocus = `found.some(e => e.contains(document.activeElement))`

// Wait waits until a JavaScript expression is true.
func (p *Page) Wait(what, js string) {
	p.t.Helper()
	p.when(what, "!!("+js+")")
}

func (p *Page) when(what, js string) {
	p.t.Helper()
	p.until(what, func() bool {
		ok, err := evaluate[bool](p, js)
		if err != nil && strings.Contains(err.Error(), "is not a valid selector") {
			p.fatal("wait for %s: %v", what, err)
		}
		return err == nil && ok
	})
}

func (p *Page) present(sel string) {
	p.t.Helper()
	p.when(sel, finding(sel, `found.length > 0`))
}

// Focused describes the focused element, such as `input#title "Title"`: the
// element and its accessible name; `body` if none has the focus.
func (p *Page) Focused() string {
	p.t.Helper()
	return settled[string](p, `(() => {
		const e = document.activeElement;
		if (!e) return "";
		const name = e === document.body ? "" : e.getAttribute("aria-label")
			|| (e.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean).map(id => document.getElementById(id)?.textContent.trim()).join(" ")
			|| [...(e.labels || [])].map(l => l.textContent.trim()).join(" ")
			|| e.getAttribute("placeholder") || (e.innerText || "").trim().slice(0, 80) || e.getAttribute("title") || "";
		return e.localName + (e.id ? "#" + e.id : "") + (e.getAttribute("name") ? "[name=" + e.getAttribute("name") + "]" : "")
			+ (name ? " " + JSON.stringify(name) : "");
	})()`)
}
