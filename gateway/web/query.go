package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// query is a filter as people write it: label:bug @mina !high due:week words.
// One text holds it, in the box, in the address and among the saved ones; chips
// are its terms.
type query struct {
	Terms []term
}

// term is one condition. Field is empty for words to look for.
type term struct {
	Field, Value string
	// Unknown says that nothing can match: no such person, status or day.
	Unknown bool
}

// String is the term as one writes it.
func (t term) String() string {
	value := t.Value
	if strings.ContainsAny(value, " \t\n\r\"") {
		value = `"` + strings.ReplaceAll(value, `"`, "") + `"`
	}
	if t.Field == "" {
		return value
	}
	return t.Field + ":" + value
}

// String is the query as one writes it.
func (q query) String() string {
	parts := make([]string, len(q.Terms))
	for i, t := range q.Terms {
		parts[i] = t.String()
	}
	return strings.Join(parts, " ")
}

// without is the query as one writes it, less one term.
func (q query) without(i int) string {
	return query{slices.Delete(slices.Clone(q.Terms), i, i+1)}.String()
}

// with is the query with a term more.
func (q query) with(field, value string) string {
	return query{append(slices.Clone(q.Terms), term{Field: field, Value: value})}.String()
}

const maxTerms = 30

var queryFields = []string{"status", "assignee", "label", "priority", "due", "is", "number"}

// parseQuery reads a query; whatever is no condition is words to look for.
func parseQuery(text string) query {
	var q query
	for _, word := range splitQuery(text) {
		if len(q.Terms) == maxTerms {
			break
		}
		field, value, given := strings.Cut(word, ":")
		field = strings.ToLower(field)
		switch {
		case given && value != "" && slices.Contains(queryFields, field):
			q.Terms = append(q.Terms, term{Field: field, Value: value})
		case len(word) > 1 && word[0] == '@':
			q.Terms = append(q.Terms, term{Field: "assignee", Value: word[1:]})
		case len(word) > 1 && word[0] == '#' && allDigits(word[1:]):
			q.Terms = append(q.Terms, term{Field: "number", Value: word[1:]})
		case len(word) > 1 && word[0] == '#':
			q.Terms = append(q.Terms, term{Field: "label", Value: word[1:]})
		case len(word) > 1 && word[0] == '!':
			q.Terms = append(q.Terms, term{Field: "priority", Value: word[1:]})
		default:
			q.Terms = append(q.Terms, term{Value: word})
		}
	}
	return q
}

// splitQuery splits at white space outside of quotes, and drops the quotes.
func splitQuery(text string) []string {
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

// filter is what the query asks the rows for. Terms that nothing can match are
// marked, and none says so.
func (q *query) filter(v *view, people []accounts.Person) (filter projections.TaskFilter, none bool) {
	var words []string
	for i := range q.Terms {
		t := &q.Terms[i]
		if t.Field == "" {
			words = append(words, t.Value)
			continue
		}
		t.Unknown = !t.apply(&filter, v, people)
		none = none || t.Unknown
	}
	filter.Text = strings.Join(words, " ")
	return filter, none
}

func (t *term) apply(filter *projections.TaskFilter, v *view, people []accounts.Person) bool {
	switch t.Field {
	case "status":
		key := statusKeyOf(v, t.Value)
		if key == "" {
			return false
		}
		filter.Statuses = append(filter.Statuses, key)
	case "assignee":
		switch strings.ToLower(t.Value) {
		case "me", "나":
			filter.Assignee = v.me.ID
		case "none", "nobody", "없음":
			filter.Unassigned = true
		default:
			p, ok := findPerson(notHandle.ReplaceAllString(t.Value, ""), people)
			if !ok {
				return false
			}
			filter.Assignee = p.ID
		}
	case "label":
		filter.Labels = append(filter.Labels, t.Value)
	case "priority":
		p, ok := priorityWords[strings.ToLower(t.Value)]
		if strings.ToLower(t.Value) == "none" {
			p, ok = events.PriorityNone, true
		}
		if !ok {
			return false
		}
		filter.Priority = p
	case "due":
		return applyDue(filter, strings.ToLower(t.Value), v.today())
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
		d, ok := dayOf([]string{bound}, today)
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

// statusKeyOf is the key of a status of the page's project that is named by
// key or by name, "" if there is none. Over all projects only keys are known.
func statusKeyOf(v *view, name string) string {
	if v.project == nil {
		return strings.ToLower(name)
	}
	for _, s := range v.project.Statuses {
		if strings.EqualFold(s.Key, name) || strings.EqualFold(s.Name, name) || strings.EqualFold(v.shownStatus(s), name) {
			return s.Key
		}
	}
	return ""
}

// chip is the term as its chip says it.
func (t term) chip(v *view) string {
	switch t.Field {
	case "":
		return "“" + t.Value + "”"
	case "assignee":
		switch t.Value {
		case "me":
			return v.T("filter.mine")
		case "none":
			return v.T("filter.unassigned")
		}
		return "@" + t.Value
	case "label":
		return "#" + t.Value
	case "number":
		return "#" + t.Value
	case "status":
		if v.project != nil {
			return v.statusName(t.Value)
		}
	case "priority":
		if p, ok := priorityWords[strings.ToLower(t.Value)]; ok {
			return v.T("priority." + string(p))
		}
	case "is":
		if key := "filter.is." + strings.ToLower(t.Value); v.T(key) != key {
			return v.T(key)
		}
	}
	return v.T("filter."+t.Field) + ": " + t.Value
}

// personID reads an account's id, the zero id if it is none.
func personID(text string) uuid.UUID {
	id, _ := uuid.Parse(text)
	return id
}

// has reports whether a term of the field is there.
func (q query) has(field string) bool {
	return slices.ContainsFunc(q.Terms, func(t term) bool { return t.Field == field })
}
