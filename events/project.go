package events

import "github.com/google/uuid"

// The project events.
const (
	TypeProjectCreated    Type = "project_created"
	TypeProjectRenamed    Type = "project_renamed"
	TypeProjectArchived   Type = "project_archived"
	TypeProjectUnarchived Type = "project_unarchived"
	TypeMemberAdded       Type = "member_added"
	TypeMemberRoleChanged Type = "member_role_changed"
	TypeMemberRemoved     Type = "member_removed"
	TypeStatusesChanged   Type = "statuses_changed"
)

// Role is what a member may do in a project. An owner may do everything; a
// member everything but change the project itself and its members; a viewer
// may look.
type Role string

// The roles, from most to least.
const (
	RoleOwner  Role = "owner"
	RoleMember Role = "member"
	RoleViewer Role = "viewer"
)

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return r == RoleOwner || r == RoleMember || r == RoleViewer }

// Writes reports whether the role may change tasks.
func (r Role) Writes() bool { return r == RoleOwner || r == RoleMember }

// Category says what a status means, whatever a team calls it.
type Category string

// The categories, in the order work passes through them.
const (
	CategoryToDo  Category = "to_do"
	CategoryDoing Category = "doing"
	CategoryDone  Category = "done"
)

// Valid reports whether c is one of the categories.
func (c Category) Valid() bool {
	return c == CategoryToDo || c == CategoryDoing || c == CategoryDone
}

// Status is one column of a project's board. Key never changes; Name is what
// people read. Limit is how many tasks the team means to have in it at most, 0
// for as many as there are. It is advice: nothing is ever refused because of it.
type Status struct {
	Key      string   `json:"key"`
	Name     string   `json:"name"`
	Category Category `json:"category"`
	Limit    int      `json:"limit,omitempty"`
}

// DefaultStatuses is the board a project begins with.
func DefaultStatuses() []Status {
	return []Status{
		{Key: "waiting", Name: "Waiting", Category: CategoryToDo},
		{Key: "in_progress", Name: "In progress", Category: CategoryDoing},
		{Key: "done", Name: "Done", Category: CategoryDone},
	}
}

// ProjectCreated begins a project. Its actor is its first owner.
type ProjectCreated struct {
	Name     string   `json:"name"`
	Statuses []Status `json:"statuses"`
}

// ProjectRenamed gives the project another name.
type ProjectRenamed struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// ProjectArchived puts the project away: it can be read and no longer changed.
type ProjectArchived struct{}

// ProjectUnarchived brings it back.
type ProjectUnarchived struct{}

// MemberAdded lets an account into the project.
type MemberAdded struct {
	Account uuid.UUID `json:"account"`
	Role    Role      `json:"role"`
}

// MemberRoleChanged changes what a member may do.
type MemberRoleChanged struct {
	Account uuid.UUID `json:"account"`
	From    Role      `json:"from"`
	To      Role      `json:"to"`
}

// MemberRemoved takes an account out of the project. Its assignments stay on
// record and count no longer.
type MemberRemoved struct {
	Account uuid.UUID `json:"account"`
	Role    Role      `json:"role"`
}

// StatusesChanged replaces the board's statuses. A status that is left out is
// retired, and Retired names for each the one that takes its tasks: from then
// on they count as being in that one, without an event of their own.
type StatusesChanged struct {
	From    []Status          `json:"from"`
	To      []Status          `json:"to"`
	Retired map[string]string `json:"retired,omitempty"`
}

func (ProjectCreated) EventType() Type    { return TypeProjectCreated }
func (ProjectRenamed) EventType() Type    { return TypeProjectRenamed }
func (ProjectArchived) EventType() Type   { return TypeProjectArchived }
func (ProjectUnarchived) EventType() Type { return TypeProjectUnarchived }
func (MemberAdded) EventType() Type       { return TypeMemberAdded }
func (MemberRoleChanged) EventType() Type { return TypeMemberRoleChanged }
func (MemberRemoved) EventType() Type     { return TypeMemberRemoved }
func (StatusesChanged) EventType() Type   { return TypeStatusesChanged }
