package commands

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// ChangeStatuses replaces the statuses of the board. For each status that is
// left out, Retire names the status that takes its tasks. Owners only. Seen, if
// not nil, is the board the actor saw: if the board has changed since and is
// not the wanted one, it is not overwritten and the command is refused with
// [CodeChanged].
type ChangeStatuses struct {
	Project  uuid.UUID
	Statuses []events.Status
	Retire   map[string]string
	Seen     []events.Status
}

func (c ChangeStatuses) Target() events.Aggregate { return events.Project(c.Project) }

func (c ChangeStatuses) check(p *problems) { p.statuses("statuses", cleanStatuses(c.Statuses)) }

func (c ChangeStatuses) decide(a asking, p Project) ([]events.Event, error) {
	if r := p.mayOwnActive(a.actor); r != nil {
		return nil, r
	}
	to := cleanStatuses(c.Statuses)
	if c.Seen != nil {
		// Check this before the statuses to be retired: they mean nothing on a
		// board other than the one that was seen.
		if slices.Equal(to, p.Statuses) {
			return nil, nil
		}
		var overtaken meanwhile
		guardList(&overtaken, "statuses", &c.Seen, p.Statuses, to)
		if r := overtaken.rejection(); r != nil {
			return nil, r
		}
	}
	has := func(key string) bool {
		return slices.ContainsFunc(to, func(s events.Status) bool { return s.Key == key })
	}
	var wrong problems
	retired := map[string]string{}
	for _, s := range p.Statuses {
		if has(s.Key) {
			continue
		}
		heir, named := c.Retire[s.Key]
		switch {
		case !named:
			wrong.add("retire", ReasonHeirMissing, "must name the status that receives the tasks of %q, such as {%q: %q}", s.Key, s.Key, to[0].Key)
		case !has(heir):
			wrong.add(fmt.Sprintf("retire.%s", s.Key), ReasonHeirUnknown, "must be a status of the new board; %q is not", heir)
		default:
			retired[s.Key] = heir
		}
	}
	for key := range c.Retire {
		if !slices.ContainsFunc(p.Statuses, func(s events.Status) bool { return s.Key == key }) || has(key) {
			wrong.add(fmt.Sprintf("retire.%s", key), ReasonKept, "is not a status being removed")
		}
	}
	if r := wrong.rejection(); r != nil {
		slices.SortFunc(r.Problems, func(a, b Problem) int { return strings.Compare(a.Field, b.Field) })
		return nil, r
	}
	if slices.Equal(to, p.Statuses) {
		return nil, nil
	}
	if len(retired) > 0 && len(p.Retired)+len(retired) > MaxRetired {
		return nil, rejectField(CodeLimit, "statuses", "A board can have at most %d retired statuses and would have %d. Rename statuses instead of replacing them.",
			MaxRetired, len(p.Retired)+len(retired))
	}
	if len(retired) == 0 {
		retired = nil
	}
	return []events.Event{events.StatusesChanged{From: p.Statuses, To: to, Retired: retired}}, nil
}
