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

// Role is what a member may do in a project. An owner may do everything. A
// member may do everything except change the project itself and its members. A
// viewer may only read.
type Role string

// The roles, from most to least privileged.
const (
	RoleOwner  Role = "owner"
	RoleMember Role = "member"
	RoleViewer Role = "viewer"
)

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return r == RoleOwner || r == RoleMember || r == RoleViewer }

// Writes reports whether a member with this role may change tasks.
func (r Role) Writes() bool { return r == RoleOwner || r == RoleMember }

// Category is the meaning of a status, independent of its name.
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
// people see. Limit is the intended maximum number of tasks, 0 for no limit. It
// is advice: no command is rejected because of it.
type Status struct {
	Key      string   `json:"key"`
	Name     string   `json:"name"`
	Category Category `json:"category"`
	Limit    int      `json:"limit,omitempty"`
}

// DefaultStatuses returns the statuses of a new project.
func DefaultStatuses() []Status {
	return []Status{
		{Key: "waiting", Name: "Waiting", Category: CategoryToDo},
		{Key: "in_progress", Name: "In progress", Category: CategoryDoing},
		{Key: "done", Name: "Done", Category: CategoryDone},
	}
}

// ProjectCreated creates a project. Its actor is the first owner.
type ProjectCreated struct {
	Name     string   `json:"name"`
	Statuses []Status `json:"statuses"`
}

// ProjectRenamed changes the project's name.
type ProjectRenamed struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// ProjectArchived archives the project: it can be read but not changed.
type ProjectArchived struct{}

// ProjectUnarchived makes an archived project writable again.
type ProjectUnarchived struct{}

// MemberAdded adds an account to the project.
type MemberAdded struct {
	Account uuid.UUID `json:"account"`
	Role    Role      `json:"role"`
}

// MemberRoleChanged changes a member's role.
type MemberRoleChanged struct {
	Account uuid.UUID `json:"account"`
	From    Role      `json:"from"`
	To      Role      `json:"to"`
}

// MemberRemoved removes an account from the project. Its assignments stay on
// record but no longer count.
type MemberRemoved struct {
	Account uuid.UUID `json:"account"`
	Role    Role      `json:"role"`
}

// StatusesChanged replaces the board's statuses. A status that is missing from
// To is retired. Retired maps each retired status to the one that takes over its
// tasks: from then on they count as being there, without separate events.
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
