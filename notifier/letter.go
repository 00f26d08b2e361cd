package notifier

import "strings"

// letter is what a mail says, whichever way it is laid out: as text here, as a
// page in letter.templ.
type letter struct {
	Sentence string
	Changes  []change
	Link     string
	Because  string
	Project  string
	Time     string
}

// text is the letter for who reads no HTML.
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
	// Two dashes and a space begin what mail programs do not quote in an answer.
	b.WriteString("\n\n" + l.Link + "\n\n-- \nYou get this mail because " + l.Because + ".\nProject " + l.Project + ", " + l.Time + "\n")
	return b.String()
}
