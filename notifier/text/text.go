// Package text prepares text that people have written for a mail: for a header,
// for a line, and for a comparison of two long texts.
package text

import (
	"slices"
	"strings"
	"unicode"
)

// OneLine makes s safe for a header or a log line. It replaces every run of
// white space and control characters with one space and removes characters that
// change the text direction.
func OneLine(s string) string {
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

// Shorten returns s, cut with an ellipsis if it has more than limit characters.
func Shorten(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return strings.TrimRightFunc(string(runes[:limit-1]), unicode.IsSpace) + "…"
}

// Enumerate joins names as in prose: a, b and c.
func Enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Line is one line of a long text in a mail: added (+), removed (-) or context
// (a space).
type Line struct {
	Sign string
	Text string
}

// Limits for a long text in a mail.
const (
	MaxLines      = 24
	MaxLineLength = 400
)

// Quote returns the beginning of a text.
func Quote(text string) []Line { return bound(signed(" ", split(text))) }

// Compare returns the changed lines of two texts: those between their common
// beginning and end, with one line of context on each side.
func Compare(from, to string) []Line {
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
		lines = append(lines, Line{" ", a[len(a)-tail]})
	}
	return bound(lines)
}

func half(lines []Line) []Line {
	const limit = MaxLines/2 - 1
	if len(lines) <= limit {
		return lines
	}
	return append(slices.Clone(lines[:limit-1]), Line{lines[0].Sign, "…"})
}

func split(text string) []string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func signed(sign string, texts []string) []Line {
	lines := make([]Line, len(texts))
	for i, text := range texts {
		lines[i] = Line{sign, text}
	}
	return lines
}

func bound(lines []Line) []Line {
	if len(lines) > MaxLines {
		lines = append(slices.Clone(lines[:MaxLines-1]), Line{" ", "…"})
	}
	for i := range lines {
		lines[i].Text = Shorten(strings.ToValidUTF8(lines[i].Text, "\uFFFD"), MaxLineLength)
	}
	return lines
}
