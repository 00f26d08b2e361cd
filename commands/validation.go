package commands

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// These are the limits that Docket enforces. Characters are Unicode code
// points.
const (
	MaxProjectName = 100      // characters
	MaxTitle       = 200      // characters
	MaxDescription = 64 << 10 // bytes
	MaxComment     = 16 << 10 // bytes
	MaxLabel       = 50       // characters
	MaxLabels      = 20       // on one task
	MaxAssignees   = 50       // of one task
	MaxStatuses    = 20       // on one board
	MaxRetired     = 200      // retired statuses of one board
	MaxStatusName  = 50       // characters
	MaxColumn      = 9999     // the highest task limit of a status
	MaxMembers     = 500      // of one project
	MaxComments    = 5000     // on one task, deleted ones included
	maxStatusKey   = 32       // characters
)

// problems collects everything that is wrong with a command, so that a user
// sees all problems at once.
type problems []Problem

func (p *problems) add(field string, reason Reason, format string, args ...any) {
	*p = append(*p, Problem{field, reason, args, fmt.Sprintf(format, args...)})
}

func (p problems) rejection() *Rejection {
	if len(p) == 0 {
		return nil
	}
	return &Rejection{Code: CodeInvalid, Message: "The request is invalid.", Problems: p}
}

func (p *problems) id(field string, id uuid.UUID) {
	if id == uuid.Nil {
		p.add(field, ReasonRequired, "is required")
	}
}

// line checks a single line of text that clean has trimmed.
func (p *problems) line(field, text string, longest int) {
	n := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text):
		p.add(field, ReasonEncoding, "must be valid UTF-8")
	case n == 0:
		p.add(field, ReasonEmpty, "must not be empty")
	case n > longest:
		p.add(field, ReasonLong, "must be at most %d characters long; it has %d", longest, n)
	case strings.ContainsFunc(text, unicode.IsControl):
		p.add(field, ReasonOneLine, "must be one line without control characters")
	}
}

// block checks text of several lines.
func (p *problems) block(field, text string, most int) {
	switch {
	case !utf8.ValidString(text):
		p.add(field, ReasonEncoding, "must be valid UTF-8")
	case len(text) > most:
		p.add(field, ReasonLarge, "must be at most %d bytes long; it has %d", most, len(text))
	case strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	}):
		p.add(field, ReasonControl, "must not contain control characters other than line breaks and tabs")
	}
}

func (p *problems) priority(field string, v events.Priority) {
	if v.Weight() < 0 {
		p.add(field, ReasonChoice, "must be one of none, low, medium, high, urgent")
	}
}

func (p *problems) date(field string, d events.Date) {
	if d == "" {
		return
	}
	if t, err := time.Parse(time.DateOnly, string(d)); err != nil || t.Year() < 1 {
		p.add(field, ReasonDate, "must be a date such as 2026-12-31, or null for none")
	}
}

func (p *problems) labels(field string, labels []string) {
	if len(labels) > MaxLabels {
		p.add(field, ReasonMany, "must have at most %d items; it has %d", MaxLabels, len(labels))
		return
	}
	for i, l := range labels {
		p.line(fmt.Sprintf("%s[%d]", field, i), l, MaxLabel)
	}
}

func (p *problems) accounts(field string, ids []uuid.UUID) {
	if len(ids) > MaxAssignees {
		p.add(field, ReasonMany, "must have at most %d items; it has %d", MaxAssignees, len(ids))
		return
	}
	for i, id := range ids {
		p.id(fmt.Sprintf("%s[%d]", field, i), id)
	}
}

func (p *problems) rank(field, rank string) {
	if !ValidRank(rank) {
		p.add(field, ReasonRank, "must consist of 1 to %d of the characters 0-9 A-Z a-z and must not end in 0", MaxRank)
	}
}

func (p *problems) role(field string, r events.Role) {
	if !r.Valid() {
		p.add(field, ReasonChoice, "must be one of owner, member, viewer")
	}
}

var statusKey = regexp.MustCompile(`^[a-z0-9][a-z0-9_]*$`)

func (p *problems) statuses(field string, statuses []events.Status) {
	if len(statuses) == 0 || len(statuses) > MaxStatuses {
		p.add(field, ReasonBetween, "must have 1 to %d items; it has %d", MaxStatuses, len(statuses))
		return
	}
	seen := map[string]bool{}
	for i, s := range statuses {
		at := fmt.Sprintf("%s[%d]", field, i)
		if len(s.Key) > maxStatusKey || !statusKey.MatchString(s.Key) {
			p.add(at+".key", ReasonKey, "must consist of 1 to %d of the characters a-z 0-9 _ and start with a letter or digit", maxStatusKey)
		} else if seen[s.Key] {
			p.add(at+".key", ReasonTwice, "must be unique; %q is used twice", s.Key)
		}
		seen[s.Key] = true
		p.line(at+".name", s.Name, MaxStatusName)
		if !s.Category.Valid() {
			p.add(at+".category", ReasonChoice, "must be one of to_do, doing, done")
		}
		if s.Limit < 0 || s.Limit > MaxColumn {
			p.add(at+".limit", ReasonNumber, "must be 1 to %d, or 0 for no limit", MaxColumn)
		}
	}
}

// clean returns a single line as it is stored: without surrounding space.
func clean(s string) string { return strings.TrimSpace(s) }

// cleanLabels trims, deduplicates and sorts labels, so that the same set is
// always stored in the same form.
func cleanLabels(labels []string) []string {
	out := make([]string, 0, len(labels))
	for _, l := range labels {
		out = append(out, clean(l))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cleanAccounts removes duplicates and keeps the order.
func cleanAccounts(ids []uuid.UUID) []uuid.UUID {
	out := make([]uuid.UUID, 0, len(ids))
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func cleanStatuses(statuses []events.Status) []events.Status {
	out := slices.Clone(statuses)
	for i := range out {
		out[i].Name = clean(out[i].Name)
	}
	return out
}
