package taskquery

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/shorthand"
	"github.com/docketlog/docket/projections"
)

// Query is a filter as people write it: label:bug @mina !high due:week words.
type Query struct {
	Terms []Term
}

// Term is one condition. Field is empty for words to search for.
type Term struct {
	Field, Value string
	// Unknown says that nothing can match: the person, status or day does not
	// exist.
	Unknown bool
}

// String formats the term in the query language.
func (t Term) String() string {
	value := t.Value
	if strings.ContainsAny(value, " \t\n\r\"") {
		value = `"` + strings.ReplaceAll(value, `"`, "") + `"`
	}
	if t.Field == "" {
		return value
	}
	return t.Field + ":" + value
}

// String formats the query in the query language.
func (q Query) String() string {
	parts := make([]string, len(q.Terms))
	for i, t := range q.Terms {
		parts[i] = t.String()
	}
	return strings.Join(parts, " ")
}

// Without returns the text of the query without one term.
func (q Query) Without(i int) string {
	return Query{slices.Delete(slices.Clone(q.Terms), i, i+1)}.String()
}

// With returns the text of the query with one more term.
func (q Query) With(field, value string) string {
	return Query{append(slices.Clone(q.Terms), Term{Field: field, Value: value})}.String()
}

// MaxTerms is the maximum number of terms of a query; further ones are ignored.
const MaxTerms = 30

var fields = []string{"status", "assignee", "label", "priority", "due", "is", "number"}

// Parse parses a query; anything that is not a condition is words to search
// for.
func Parse(text string) Query {
	var q Query
	for _, word := range split(text) {
		if len(q.Terms) == MaxTerms {
			break
		}
		field, value, given := strings.Cut(word, ":")
		field = strings.ToLower(field)
		switch {
		case given && value != "" && slices.Contains(fields, field):
			q.Terms = append(q.Terms, Term{Field: field, Value: value})
		case len(word) > 1 && word[0] == '@':
			q.Terms = append(q.Terms, Term{Field: "assignee", Value: word[1:]})
		case len(word) > 1 && word[0] == '#' && shorthand.IsNumber(word[1:]):
			q.Terms = append(q.Terms, Term{Field: "number", Value: word[1:]})
		case len(word) > 1 && word[0] == '#':
			q.Terms = append(q.Terms, Term{Field: "label", Value: word[1:]})
		case len(word) > 1 && word[0] == '!':
			q.Terms = append(q.Terms, Term{Field: "priority", Value: word[1:]})
		default:
			q.Terms = append(q.Terms, Term{Value: word})
		}
	}
	return q
}

// split splits at white space outside of quotes, and removes the quotes.
func split(text string) []string {
	var words []string
	var word strings.Builder
	quoted := false
	flush := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
		}
		word.Reset()
	}
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && (r == ' ' || r == '\t' || r == '\n' || r == '\r'):
			flush()
		default:
			word.WriteRune(r)
		}
	}
	flush()
	return words
}

// Scope is the context in which the words of a query are interpreted.
type Scope struct {
	// Me is the account that "me" stands for.
	Me uuid.UUID
	// People are the people a handle may refer to.
	People []accounts.Person
	// Status returns the key of the status with a name or key, "" if there is
	// none.
	Status func(name string) string
	// Today is the current day where the user is, at midnight in UTC.
	Today time.Time
}

// Filter returns the query's filter for the rows. Terms that cannot match are
// marked as unknown; none reports that there is such a term.
func (q *Query) Filter(s Scope) (filter projections.TaskFilter, none bool) {
	var words []string
	for i := range q.Terms {
		t := &q.Terms[i]
		if t.Field == "" {
			words = append(words, t.Value)
			continue
		}
		t.Unknown = !t.apply(&filter, s)
		none = none || t.Unknown
	}
	filter.Text = strings.Join(words, " ")
	return filter, none
}

func (t *Term) apply(filter *projections.TaskFilter, s Scope) bool {
	switch t.Field {
	case "status":
		key := s.Status(t.Value)
		if key == "" {
			return false
		}
		filter.Statuses = append(filter.Statuses, key)
	case "assignee":
		switch strings.ToLower(t.Value) {
		case "me", "나":
			filter.Assignee = s.Me
		case "none", "nobody", "없음":
			filter.Unassigned = true
		default:
			p, ok := shorthand.Person(shorthand.Handle(t.Value), s.People)
			if !ok {
				return false
			}
			filter.Assignee = p.ID
		}
	case "label":
		filter.Labels = append(filter.Labels, t.Value)
	case "priority":
		p, ok := shorthand.Priority(t.Value)
		if strings.ToLower(t.Value) == "none" {
			p, ok = events.PriorityNone, true
		}
		if !ok {
			return false
		}
		filter.Priority = p
	case "due":
		return applyDue(filter, strings.ToLower(t.Value), s.Today)
	case "is":
		switch strings.ToLower(t.Value) {
		case "open":
			filter.Open = true
		case "deleted":
			filter.Deleted = true
		default:
			return false
		}
	case "number":
		n, err := strconv.ParseInt(t.Value, 10, 64)
		if err != nil || n < 1 {
			return false
		}
		filter.Number = n
	}
	return true
}

func applyDue(filter *projections.TaskFilter, value string, today time.Time) bool {
	day := func(n int) events.Date { return events.Date(today.AddDate(0, 0, n).Format(time.DateOnly)) }
	switch value {
	case "overdue", "late":
		filter.DueTo, filter.Open = day(-1), true
	case "week":
		filter.DueFrom, filter.DueTo = day(0), day(7)
	case "any":
		filter.DueFrom = "0001-01-01"
	default:
		bound := strings.TrimLeft(value, "<>")
		d, ok := shorthand.Day([]string{bound}, today)
		if !ok {
			return false
		}
		if value[0] != '<' {
			filter.DueFrom = d
		}
		if value[0] != '>' {
			filter.DueTo = d
		}
	}
	return true
}

// Has reports whether the query has a term of the field.
func (q Query) Has(field string) bool {
	return slices.ContainsFunc(q.Terms, func(t Term) bool { return t.Field == field })
}
