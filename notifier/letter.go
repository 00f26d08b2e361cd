package notifier

import "strings"

// letter is the content of a mail in either format: text (below) or HTML
// (letter.templ).
type letter struct {
	Sentence string
	Changes  []change
	Link     string
	Because  string
	Project  string
	Time     string
}

// text formats the letter as plain text.
func (l letter) text() string {
	var b strings.Builder
	b.WriteString(l.Sentence + ".")
	if len(l.Changes) > 0 {
		b.WriteString("\n")
	}
	for _, c := range l.Changes {
		b.WriteString("\n" + c.Label + ":")
		for _, line := range c.Lines {
			b.WriteString("\n  " + line.Sign + " " + line.Text)
		}
		if len(c.Lines) > 0 {
			continue
		}
		b.WriteString(" ")
		if c.From != "" {
			b.WriteString(c.From + " → ")
		}
		b.WriteString(c.To)
	}
	// "-- " on a line of its own starts a signature, which mail programs do not
	// quote in replies.
	b.WriteString("\n\n" + l.Link + "\n\n-- \nYou received this email because " + l.Because + ".\nProject " + l.Project + ", " + l.Time + "\n")
	return b.String()
}
