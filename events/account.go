package events

// The account events. They name nobody: a person's name, address and password
// live where they can be erased (package accounts), the log keeps ids.
const (
	TypeAccountRegistered Type = "account_registered"
	TypeAccountErased     Type = "account_erased"
)

// AccountRegistered says that a person may sign in from now on. Administrator
// is true for the first account of an installation.
type AccountRegistered struct {
	Administrator bool `json:"administrator"`
}

// AccountErased says that a person's data was erased and that nobody can sign
// in to the account again. What the account did stays on record under its id.
type AccountErased struct{}

func (AccountRegistered) EventType() Type { return TypeAccountRegistered }
func (AccountErased) EventType() Type     { return TypeAccountErased }
