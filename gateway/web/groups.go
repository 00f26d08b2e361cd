package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// groupings are the fields a list can be grouped by.
var groupings = []string{"status", "priority", "assignee", "due", "label"}

// grouping sorts a list into groups by one of the groupings. A task with
// several labels or assignees is in the group of the first.
func (v *view) grouping(by string) projections.Grouping {
	return projections.Grouping{
		Name: by,
		Key: func(t projections.Task) string {
			switch {
			case by == "status":
				return t.Status
			case by == "priority":
				return string(t.Priority)
			case by == "due":
				return v.dueGroup(t.Due)
			case by == "assignee" && len(t.Assignees) > 0:
				return t.Assignees[0].String()
			case by == "label" && len(t.Labels) > 0:
				return t.Labels[0]
			}
			return ""
		},
		Compare: func(a, b string) int {
			return cmp.Or(
				cmp.Compare(v.groupPlace(by, a), v.groupPlace(by, b)),
				strings.Compare(strings.ToLower(v.groupName(by, a)), strings.ToLower(v.groupName(by, b))),
				strings.Compare(a, b),
			)
		},
	}
}

var dueGroups = []string{"overdue", "today", "tomorrow", "week", "later", "none"}

// dueGroup classifies a due date relative to today.
func (v *view) dueGroup(d events.Date) string {
	today := v.today()
	day := func(n int) string { return today.AddDate(0, 0, n).Format(time.DateOnly) }
	switch due := string(d); {
	case due == "":
		return "none"
	case due < day(0):
		return "overdue"
	case due == day(0):
		return "today"
	case due == day(1):
		return "tomorrow"
	case due <= day(7):
		return "week"
	}
	return "later"
}

// groupPlace returns the rank of a group among the others; it is equal for
// groups that are ordered by name.
func (v *view) groupPlace(by, key string) int {
	place := -1
	switch {
	case by == "status":
		place = slices.IndexFunc(v.project.Statuses, func(s events.Status) bool { return s.Key == key })
	case by == "due":
		place = slices.Index(dueGroups, key)
	case by == "priority":
		return -events.Priority(key).Weight()
	case key != "":
		return 0
	}
	if place < 0 {
		return 1 << 16 // after the known ones
	}
	return place
}

// groupName returns the heading of a group.
func (v *view) groupName(by, key string) string {
	switch {
	case by == "status":
		return v.statusName(key)
	case by == "priority":
		return v.T("priority." + key)
	case by == "due":
		return v.T("due." + key)
	case key == "":
		return v.T("list.none")
	case by == "assignee":
		id, err := uuid.Parse(key)
		if err == nil {
			return v.personName(id)
		}
	}
	return key
}

// tally returns how many tasks a group has, and how many of them are on the
// page if not all are.
func (v *view) tally(g group) string {
	if len(g.Tasks) == g.Total {
		return itoa(g.Total)
	}
	return v.T("list.part", g.Before+1, g.Before+len(g.Tasks), g.Total)
}

// named sets the headings of groups.
func (v *view) named(groups []projections.TaskGroup, by string) []group {
	all := make([]group, len(groups))
	for i, g := range groups {
		all[i] = group{g, v.groupName(by, g.Key)}
	}
	return all
}
