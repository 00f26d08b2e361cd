package web

import (
	"strings"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/web/shorthand"
	"github.com/docketlog/docket/gateway/web/taskquery"
)

// scope returns what is needed to interpret a query on the page, given these
// people.
func (v *view) scope(people []accounts.Person) taskquery.Scope {
	return taskquery.Scope{Me: v.me.ID, People: people, Status: v.statusKey, Today: v.today()}
}

// statusKey returns the key of the status of the page's project with this key
// or name, "" if there is none. Across all projects only keys are recognized.
func (v *view) statusKey(name string) string {
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

// chip is a term of a query as its chip displays it.
func (v *view) chip(t taskquery.Term) string {
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
		if p, ok := shorthand.Priority(t.Value); ok {
			return v.T("priority." + string(p))
		}
	case "is":
		if key := "filter.is." + strings.ToLower(t.Value); v.T(key) != key {
			return v.T(key)
		}
	}
	return v.T("filter."+t.Field) + ": " + t.Value
}
