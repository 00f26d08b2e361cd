package projections

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// projectRow is a project, whole: whoever has it needs no other row to know who
// may see it and what its board looks like.
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
		of: &table{name: "projects", key: 1, columns: []column{
			{"id", ident}, {"name", text}, {"folded_name", text}, {"archived", number},
			{"statuses", text}, {"retired", text}, {"members", text},
			{"revision", number}, {"created_at", number}, {"created_by", ident}, {"updated_at", number},
		}},
		key: idKey,
		values: func(id uuid.UUID, r *projectRow, to []any) []any {
			return append(to, id, r.name, strings.ToLower(r.name), bit(r.archived),
				encodeList(r.statuses), encode(r.retired), encodeList(r.members),
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
			return id, r, decode(statuses, &r.statuses, retired, &r.retired, members, &r.members)
		},
	}
}

// membershipKey is a line of the index by which an account finds its projects.
type membershipKey struct{ account, project uuid.UUID }

func newMemberships() *rowCache[membershipKey, struct{}] {
	return &rowCache[membershipKey, struct{}]{
		of: &table{name: "memberships", key: 2, narrow: true, columns: []column{{"account", ident}, {"project", ident}}},
		key: func(k membershipKey, to []any) []any {
			return append(to, k.account, k.project)
		},
		values: func(k membershipKey, _ *struct{}, to []any) []any {
			return append(to, k.account, k.project)
		},
	}
}

// statusRow resolves a status a task may have on record: to itself, or to the
// one that took its place. A task's row keeps the recorded status, because a
// change of the board is no event of its tasks; every query joins this table.
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
		of: &table{name: "statuses", key: 2, narrow: true, columns: []column{
			{"project", ident}, {"status", word}, {"resolved", text}, {"category", text},
		}},
		key: func(k statusKey, to []any) []any { return append(to, k.project, k.status) },
		values: func(k statusKey, r *statusRow, to []any) []any {
			return append(to, k.project, k.status, r.resolved, string(r.category))
		},
	}
}

func wantProject(r *rows, f *fact) {
	if f.Aggregate.Kind == events.KindProject {
		r.projects.want(f.Aggregate.ID)
	}
}

func foldProject(r *rows, f *fact) error {
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
			name: plain(e.Name), retired: map[string]string{},
			members:  []Member{{f.Actor, events.RoleOwner, micros(f.at)}},
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
		row.name = plain(e.To)
	case events.ProjectArchived:
		row.archived = true
	case events.ProjectUnarchived:
		row.archived = false
	case events.MemberAdded:
		if slices.ContainsFunc(row.members, is(e.Account)) {
			return errOrder
		}
		row.members = append(slices.Clone(row.members), Member{e.Account, e.Role, micros(f.at)})
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

// maxWord bounds strings that become part of a key, in bytes: Postgres refuses
// an index entry of more than 2704, MySQL a key of more than 3072. Commands are stricter.
const maxWord = 500

// replaceStatuses gives the project another board, and every status that was
// ever on it its new meaning.
func (p *projectRow) replaceStatuses(r *rows, id uuid.UUID, to []events.Status, retired map[string]string) error {
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

// reboard gives the row other statuses, and those that go their heirs.
func (p *projectRow) reboard(to []events.Status, retired map[string]string) error {
	p.statuses = make([]events.Status, len(to))
	p.retired = maps.Clone(p.retired)
	// Who stood for a status that goes now is stood for by its heir.
	for key, heir := range p.retired {
		if next, ok := retired[heir]; ok {
			p.retired[key] = plain(next)
		}
	}
	for from, heir := range retired {
		p.retired[plain(from)] = plain(heir)
	}
	for i, s := range to {
		if len(s.Key) > maxWord {
			return fmt.Errorf("status key of %d bytes", len(s.Key))
		}
		p.statuses[i] = events.Status{Key: plain(s.Key), Name: plain(s.Name), Category: events.Category(plain(string(s.Category))), Limit: s.Limit}
		delete(p.retired, p.statuses[i].Key)
	}
	return nil
}

// standings is what each status that was ever on the board counts as now: a
// retired one as its heir, which is on the board.
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

// encode is v as a JSON column. It panics on what cannot be JSON, which no row
// holds.
func encode[T any](v T) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// encodeList is encode for lists, [] for none.
func encodeList[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	return encode(list)
}

// decode reads JSON columns: pairs of a text and what to read it into.
func decode(pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		text := pairs[i].(string)
		if text == "[]" {
			continue
		}
		if err := json.Unmarshal([]byte(text), pairs[i+1]); err != nil {
			return fmt.Errorf("decode column %.80q: %w", text, err)
		}
	}
	return nil
}
