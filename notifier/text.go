package notifier

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/docketlog/docket/events"
)

// oneLine makes s safe for a header or a log line. It replaces every run of
// white space and control characters with one space and removes characters that
// change the text direction.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// shorten returns s, cut with an ellipsis if it has more than limit characters.
func shorten(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return strings.TrimRightFunc(string(runes[:limit-1]), unicode.IsSpace) + "…"
}

// enumerate joins names as in prose: a, b and c.
func enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// day formats a date for people. It returns invalid dates unchanged.
func day(d string) string {
	t, err := time.Parse(time.DateOnly, d)
	if err != nil {
		return d
	}
	return t.Format("2 January 2006")
}

// capital returns s with its first letter in upper case. The first letter of
// all our own texts is ASCII.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// line is one line of a long text in a mail: added (+), removed (-) or context
// (a space).
type line struct {
	Sign string
	Text string
}

// Limits for a long text in a mail.
const (
	maxLines      = 24
	maxLineLength = 400
)

// quote returns the beginning of a text.
func quote(text string) []line { return bound(signed(" ", split(text))) }

// compare returns the changed lines of two texts: those between their common
// beginning and end, with one line of context on each side.
func compare(from, to string) []line {
	a, b := split(from), split(to)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	removed, added := signed("-", a[head:len(a)-tail]), signed("+", b[head:len(b)-tail])
	// Show both sides, however long one of them is.
	lines := slices.Concat(signed(" ", a[max(head-1, 0):head]), half(removed), half(added))
	if tail > 0 {
		lines = append(lines, line{" ", a[len(a)-tail]})
	}
	return bound(lines)
}

func half(lines []line) []line {
	const limit = maxLines/2 - 1
	if len(lines) <= limit {
		return lines
	}
	return append(slices.Clone(lines[:limit-1]), line{lines[0].Sign, "…"})
}

func split(text string) []string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func signed(sign string, texts []string) []line {
	lines := make([]line, len(texts))
	for i, text := range texts {
		lines[i] = line{sign, text}
	}
	return lines
}

func bound(lines []line) []line {
	if len(lines) > maxLines {
		lines = append(slices.Clone(lines[:maxLines-1]), line{" ", "…"})
	}
	for i := range lines {
		lines[i].Text = shorten(strings.ToValidUTF8(lines[i].Text, "\uFFFD"), maxLineLength)
	}
	return lines
}

// priority returns the name of a priority as shown to people.
func priority(p string) string {
	if p == string(events.PriorityNone) {
		return nothing
	}
	return capital(p)
}

// nothing stands for a field without a value.
const nothing = "none"
