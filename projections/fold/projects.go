package fold

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// Member is an account with access to a project. The column members of a
// project is a JSON list of them, in the order in which they joined.
type Member struct {
	Account uuid.UUID   `json:"account"`
	Role    events.Role `json:"role"`
	Since   time.Time   `json:"since"`
}

// projectRow is a complete project: no other row is needed to know who has
// access and what its board looks like.
type projectRow struct {
	name      string
	archived  bool
	statuses  []events.Status
	retired   map[string]string
	members   []Member
	revision  uint64
	createdAt int64
	createdBy uuid.UUID
	updatedAt int64
}

func newProjects() *rowCache[uuid.UUID, projectRow] {
	return &rowCache[uuid.UUID, projectRow]{
		of: &schema.Table{Name: "projects", Key: 1, Columns: []schema.Column{
			schema.ID("id"), schema.Text("name"), schema.Text("folded_name"), schema.Number("archived"),
			schema.Text("statuses"), schema.Text("retired"), schema.Text("members"),
			schema.Number("revision"), schema.Number("created_at"), schema.ID("created_by"), schema.Number("updated_at"),
		}},
		key: idKey,
		values: func(id uuid.UUID, r *projectRow, to []any) []any {
			return append(to, id, r.name, strings.ToLower(r.name), bit(r.archived),
				schema.EncodeList(r.statuses), schema.Encode(r.retired), schema.EncodeList(r.members),
				int64(r.revision), r.createdAt, r.createdBy, r.updatedAt)
		},
		scan: func(scan func(...any) error) (id uuid.UUID, r projectRow, err error) {
			var archived int64
			var folded, statuses, retired, members string
			if err = scan(&id, &r.name, &folded, &archived, &statuses, &retired, &members,
				&r.revision, &r.createdAt, &r.createdBy, &r.updatedAt); err != nil {
				return id, r, err
			}
			r.archived = archived != 0
			return id, r, schema.Decode(statuses, &r.statuses, retired, &r.retired, members, &r.members)
		},
	}
}

// membershipKey is an entry of the index by which an account finds its
// projects.
type membershipKey struct{ account, project uuid.UUID }

func newMemberships() *rowCache[membershipKey, struct{}] {
	return &rowCache[membershipKey, struct{}]{
		of: &schema.Table{Name: "memberships", Key: 2, Narrow: true, Columns: []schema.Column{schema.ID("account"), schema.ID("project")}},
		key: func(k membershipKey, to []any) []any {
			return append(to, k.account, k.project)
		},
		values: func(k membershipKey, _ *struct{}, to []any) []any {
			return append(to, k.account, k.project)
		},
	}
}

// statusRow resolves a status that a task may have on record: to itself, or to
// the status that replaced it. A task's row keeps the recorded status, because
// a change of the board is not an event of its tasks; every query joins this
// table.
type statusRow struct {
	resolved string
	category events.Category
}

type statusKey struct {
	project uuid.UUID
	status  string
}

func newStatuses() *rowCache[statusKey, statusRow] {
	return &rowCache[statusKey, statusRow]{
		of: &schema.Table{Name: "statuses", Key: 2, Narrow: true, Columns: []schema.Column{
			schema.ID("project"), schema.Word("status"), schema.Text("resolved"), schema.Text("category"),
		}},
		key: func(k statusKey, to []any) []any { return append(to, k.project, k.status) },
		values: func(k statusKey, r *statusRow, to []any) []any {
			return append(to, k.project, k.status, r.resolved, string(r.category))
		},
	}
}

func wantProject(r *Rows, f *Fact) {
	if f.Aggregate.Kind == events.KindProject {
		r.projects.want(f.Aggregate.ID)
	}
}

func foldProject(r *Rows, f *Fact) error {
	if f.Aggregate.Kind != events.KindProject {
		return nil
	}
	id := f.Aggregate.ID
	old := r.projects.get(id)
	if e, ok := f.event.(events.ProjectCreated); ok {
		if old != nil {
			return errOrder
		}
		row := projectRow{
			name: schema.Plain(e.Name), retired: map[string]string{},
			members:  []Member{{f.Actor, events.RoleOwner, schema.Time(f.at)}},
			revision: f.Revision, createdAt: f.at, createdBy: f.Actor, updatedAt: f.at,
		}
		if err := row.replaceStatuses(r, id, e.Statuses, nil); err != nil {
			return err
		}
		r.projects.put(id, row)
		r.memberships.put(membershipKey{f.Actor, id}, struct{}{})
		return nil
	}
	if old == nil {
		return missingRow("project", id)
	}
	row := *old
	row.revision, row.updatedAt = f.Revision, f.at
	switch e := f.event.(type) {
	case events.ProjectRenamed:
		row.name = schema.Plain(e.To)
	case events.ProjectArchived:
		row.archived = true
	case events.ProjectUnarchived:
		row.archived = false
	case events.MemberAdded:
		if slices.ContainsFunc(row.members, is(e.Account)) {
			return errOrder
		}
		row.members = append(slices.Clone(row.members), Member{e.Account, e.Role, schema.Time(f.at)})
		r.memberships.put(membershipKey{e.Account, id}, struct{}{})
	case events.MemberRoleChanged:
		row.members = slices.Clone(row.members)
		i := slices.IndexFunc(row.members, is(e.Account))
		if i < 0 {
			return missingRow("member", e.Account)
		}
		row.members[i].Role = e.To
	case events.MemberRemoved:
		row.members = slices.DeleteFunc(slices.Clone(row.members), is(e.Account))
		r.memberships.remove(membershipKey{e.Account, id})
	case events.StatusesChanged:
		if err := row.replaceStatuses(r, id, e.To, e.Retired); err != nil {
			return err
		}
	}
	r.projects.put(id, row)
	return nil
}

func is(account uuid.UUID) func(Member) bool {
	return func(m Member) bool { return m.Account == account }
}

// replaceStatuses gives the project another board, and every status that was
// ever on it its new meaning.
func (p *projectRow) replaceStatuses(r *Rows, id uuid.UUID, to []events.Status, retired map[string]string) error {
	before := p.standings()
	if err := p.reboard(to, retired); err != nil {
		return err
	}
	after := p.standings()
	for key := range before {
		if _, ok := after[key]; !ok {
			r.statuses.remove(statusKey{id, key})
		}
	}
	for key, row := range after {
		if before[key] != row {
			r.statuses.put(statusKey{id, key}, row)
		}
	}
	return nil
}

// reboard replaces the row's statuses, and records what replaces the removed
// ones.
func (p *projectRow) reboard(to []events.Status, retired map[string]string) error {
	p.statuses = make([]events.Status, len(to))
	p.retired = maps.Clone(p.retired)
	// Statuses replaced earlier by one that is removed now are replaced by its
	// successor.
	for key, heir := range p.retired {
		if next, ok := retired[heir]; ok {
			p.retired[key] = schema.Plain(next)
		}
	}
	for from, heir := range retired {
		p.retired[schema.Plain(from)] = schema.Plain(heir)
	}
	for i, s := range to {
		if len(s.Key) > schema.MaxWord {
			return fmt.Errorf("status key of %d bytes", len(s.Key))
		}
		p.statuses[i] = events.Status{Key: schema.Plain(s.Key), Name: schema.Plain(s.Name), Category: events.Category(schema.Plain(string(s.Category))), Limit: s.Limit}
		delete(p.retired, p.statuses[i].Key)
	}
	return nil
}

// standings returns how each status that was ever on the board counts now: a
// retired one as the status that replaced it, which is on the board.
func (p *projectRow) standings() map[string]statusRow {
	standings := make(map[string]statusRow, len(p.statuses)+len(p.retired))
	for _, s := range p.statuses {
		standings[s.Key] = statusRow{s.Key, s.Category}
	}
	for key, heir := range p.retired {
		if row, ok := standings[heir]; ok && row.resolved == heir {
			standings[key] = row
		}
	}
	return standings
}
