package browsertest

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// named are the keys that are pressed by name, as in KeyboardEvent.key.
var named = map[string]string{
	"Enter": kb.Enter, "Tab": kb.Tab, "Escape": kb.Escape, "Backspace": kb.Backspace, "Delete": kb.Delete, "Space": " ",
	"ArrowUp": kb.ArrowUp, "ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
	"Home": kb.Home, "End": kb.End, "PageUp": kb.PageUp, "PageDown": kb.PageDown, "ContextMenu": kb.ContextMenu,
	"F1": kb.F1, "F2": kb.F2, "F6": kb.F6, "F10": kb.F10,
}

var modifiers = map[string]struct {
	rune rune
	bit  chromedp.Modifier
}{
	"Control": {[]rune(kb.Control)[0], chromedp.ModifierCtrl},
	"Shift":   {[]rune(kb.Shift)[0], chromedp.ModifierShift},
	"Alt":     {[]rune(kb.Alt)[0], chromedp.ModifierAlt},
	"Meta":    {[]rune(kb.Meta)[0], chromedp.ModifierMeta},
}

// Press presses keys in order, each given by name or character and preceded by
// its modifiers: "Tab", "?", "Control+k", "Shift+Tab".
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	for _, combination := range keys {
		p.press(combination)
	}
}

func (p *Page) press(combination string) {
	p.t.Helper()
	parts := strings.Split(combination, "+")
	if strings.HasSuffix(combination, "+") { // the + key itself
		parts = append(strings.Split(strings.TrimSuffix(strings.TrimSuffix(combination, "+"), "+"), "+"), "+")
		if combination == "+" {
			parts = []string{"+"}
		}
	}
	name := parts[len(parts)-1]
	text, ok := named[name]
	if !ok {
		text = name
	}
	r, size := utf8.DecodeRuneInString(text)
	key, known := kb.Keys[r]
	if size != len(text) || !known {
		p.t.Fatalf("press %q: there is no key %q", combination, name)
	}
	var held chromedp.Modifier
	for _, m := range parts[:len(parts)-1] {
		modifier, ok := modifiers[m]
		if !ok {
			p.t.Fatalf("press %q: %q cannot be held down", combination, m)
		}
		held |= modifier.bit
		p.key(input.DispatchKeyEventTypeRawKeyDown, *kb.Keys[modifier.rune], held, "")
	}
	// A letter and its Shift variant are on the same key.
	if held&chromedp.ModifierShift != 0 {
		if upper, ok := kb.Keys[[]rune(strings.ToUpper(text))[0]]; ok && key.Print {
			key = upper
		}
	}
	all := held
	if key.Shift {
		all |= chromedp.ModifierShift
	}
	types := ""
	if key.Print && held&^chromedp.ModifierShift == 0 {
		types = key.Text
	}
	p.stroke(*key, all, types)
	for i := len(parts) - 2; i >= 0; i-- {
		modifier := modifiers[parts[i]]
		held &^= modifier.bit
		p.key(input.DispatchKeyEventTypeKeyUp, *kb.Keys[modifier.rune], held, "")
	}
}

func (p *Page) stroke(key kb.Key, held chromedp.Modifier, types string) {
	p.t.Helper()
	down := input.DispatchKeyEventTypeRawKeyDown
	if types != "" {
		down = input.DispatchKeyEventTypeKeyDown
	}
	p.key(down, key, held, types)
	p.key(input.DispatchKeyEventTypeKeyUp, key, held, "")
}

func (p *Page) key(kind input.DispatchKeyEventType, key kb.Key, held chromedp.Modifier, types string) {
	p.t.Helper()
	if _, err := call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{
		Type: kind, Key: key.Key, Code: key.Code, Modifiers: int64(held), Text: types, UnmodifiedText: types,
		WindowsVirtualKeyCode: key.Windows, NativeVirtualKeyCode: key.Native,
	}); err != nil {
		p.fatal("press %s: %v", key.Key, err)
	}
}

// Type clicks a control and types the text, key by key; characters without a
// key are entered as by an input method. A line break is Enter.
func (p *Page) Type(sel, text string) {
	p.t.Helper()
	p.Click(sel)
	p.WaitFocus(sel)
	p.Keys(text)
}

// Keys types the text into the focused element.
func (p *Page) Keys(text string) {
	p.t.Helper()
	for _, r := range text {
		if r == '\n' {
			r = '\r'
		}
		key, known := kb.Keys[r]
		if !known || !key.Print {
			if _, err := call(p, input.InsertText, input.InsertTextParams{Text: string(r)}); err != nil {
				p.fatal("type %q: %v", r, err)
			}
			continue
		}
		var held chromedp.Modifier
		if key.Shift {
			held = chromedp.ModifierShift
		}
		p.stroke(*key, held, key.Text)
	}
}

// Fill is [Page.Type], but replaces the content of the control.
func (p *Page) Fill(sel, text string) {
	p.t.Helper()
	// The page may move between the search for the place and the click there:
	// like a person, click again.
	p.until(sel+" to have the focus after a click", func() bool {
		p.Click(sel)
		for range 50 {
			if focused, err := evaluate[bool](p, finding(sel, hasFocus)); err == nil && focused {
				return true
			}
			time.Sleep(20 * time.Millisecond)
		}
		return false
	})
	p.Press("Control+a", "Delete")
	p.Keys(text)
}

// Set sets the value of a control whose input differs between machines, such as
// a date or an option of a list, and fires the events that a user's input
// would. An option is given by its value or by its text.
func (p *Page) Set(sel, value string) {
	p.t.Helper()
	p.WaitFor(sel)
	done := Eval[bool](p, finding(sel, `(() => {
		const value = `+literal(value)+`;
		one.focus();
		if (one.localName === "select") {
			const option = [...one.options].find(o => o.value === value || o.label.trim() === value);
			if (!option) return false;
			option.selected = true;
		} else one.value = value;
		one.dispatchEvent(new Event("input", {bubbles: true}));
		one.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`))
	if !done {
		p.fatal("%s has no %q", sel, value)
	}
}

// Compose starts composing with an input method: each text is the composition
// so far, and the last stays unfinished until [Page.Commit].
func (p *Page) Compose(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		end := int64(utf8.RuneCountInString(text))
		if _, err := call(p, input.ImeSetComposition, input.ImeSetCompositionParams{Text: text, SelectionStart: end, SelectionEnd: end}); err != nil {
			p.fatal("compose %q: %v", text, err)
		}
	}
}

// Commit ends the composition that [Page.Compose] started with the text and the
// Enter key, which the page sees as a key of the input method.
func (p *Page) Commit(text string) {
	p.t.Helper()
	const processed = 229 // the key code of a key that an input method has handled
	enter := kb.Key{Key: "Enter", Code: "Enter", Native: processed, Windows: processed}
	p.key(input.DispatchKeyEventTypeRawKeyDown, enter, 0, "")
	if _, err := call(p, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.fatal("commit %q: %v", text, err)
	}
	p.key(input.DispatchKeyEventTypeKeyUp, enter, 0, "")
}
