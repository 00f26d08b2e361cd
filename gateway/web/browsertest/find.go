package browsertest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// finder is what looks for elements in the page. Those that can be seen come
// first: a page may keep the same thing for narrow and for wide screens.
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

// finding is a script whose expression may use all elements (found), the first
// (one) and whether one can be seen (seen).
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

// literal is a value as JavaScript.
func literal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // Only strings come here.
	}
	return string(text)
}

// Text is the text of an element, waited for, as it shows.
func (p *Page) Text(sel string) string {
	p.t.Helper()
	p.present(sel)
	return settled[string](p, finding(sel, `one ? (one.innerText ?? one.textContent).trim() : ""`))
}

// Texts are those of all elements there are now that can be seen, in the
// document's order.
func (p *Page) Texts(sel string) []string {
	p.t.Helper()
	return settled[[]string](p, finding(sel, `found.filter(seen).map(e => (e.innerText ?? e.textContent).trim())`))
}

// Value is what a control holds, waited for.
func (p *Page) Value(sel string) string {
	p.t.Helper()
	p.present(sel)
	return settled[string](p, finding(sel, `one ? (one.type === "checkbox" || one.type === "radio" ? String(one.checked) : String(one.value)) : ""`))
}

// Attribute is an element's, waited for; empty if it has none.
func (p *Page) Attribute(sel, name string) string {
	p.t.Helper()
	p.present(sel)
	return settled[string](p, finding(sel, `one?.getAttribute(`+literal(name)+`) ?? ""`))
}

// Visible reports whether an element can be seen now.
func (p *Page) Visible(sel string) bool {
	p.t.Helper()
	return settled[bool](p, finding(sel, `found.some(seen)`))
}

// Count is how many there are now, seen or not.
func (p *Page) Count(sel string) int {
	p.t.Helper()
	return settled[int](p, finding(sel, `found.length`))
}

// WaitFor waits until an element can be seen.
func (p *Page) WaitFor(sel string) {
	p.t.Helper()
	p.when(sel+" to be seen", finding(sel, `found.some(seen)`))
}

// WaitGone waits until no such element can be seen.
func (p *Page) WaitGone(sel string) {
	p.t.Helper()
	p.when(sel+" to be gone", finding(sel, `!found.some(seen)`))
}

// WaitText waits until an element that can be seen contains the text.
func (p *Page) WaitText(sel, text string) {
	p.t.Helper()
	p.when(fmt.Sprintf("%s to say %q", sel, text), finding(sel, `found.some(e => seen(e) && (e.innerText ?? e.textContent).includes(`+literal(text)+`))`))
}

// WaitValue waits until a control holds the value.
func (p *Page) WaitValue(sel, value string) {
	p.t.Helper()
	p.when(fmt.Sprintf("%s to hold %q", sel, value), finding(sel, `found.some(e => String(e.value) === `+literal(value)+`)`))
}

// WaitCount waits until there are as many, seen or not.
func (p *Page) WaitCount(sel string, n int) {
	p.t.Helper()
	p.when(fmt.Sprintf("%d of %s", n, sel), finding(sel, fmt.Sprintf(`found.length === %d`, n)))
}

// WaitURL waits until the page's address contains the part.
func (p *Page) WaitURL(part string) {
	p.t.Helper()
	p.when("an address with "+part, `location.href.includes(`+literal(part)+`)`)
}

// WaitFocus waits until the element, or something in it, has the focus.
func (p *Page) WaitFocus(sel string) {
	p.t.Helper()
	p.when(sel+" to have the focus", finding(sel, `found.some(e => e.contains(document.activeElement))`))
}

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

// Focused describes what has the focus, such as `input#title "Title"`: the
// element and what it is called; `body` if nothing has it.
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
