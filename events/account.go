package events

import "github.com/google/uuid"

// The account events. They name nobody: a person's name, address and password
// live where they can be erased (package accounts), the log keeps ids.
const (
	TypeAccountRegistered Type = "account_registered"
	TypeAccountErased     Type = "account_erased"
	TypeSessionBegun      Type = "session_begun"
	TypeSessionEnded      Type = "session_ended"
	TypePasswordChanged   Type = "password_changed"
	TypeAddressChanged    Type = "address_changed"
	TypeTokenMade         Type = "token_made"
	TypeTokenRevoked      Type = "token_revoked"
)

// AccountRegistered says that a person may sign in from now on. Administrator
// is true for the first account of an installation.
type AccountRegistered struct {
	Administrator bool `json:"administrator"`
}

// AccountErased says that a person's data was erased and that nobody can sign
// in to the account again. What the account did stays on record under its id.
type AccountErased struct{}

// SessionBegun says that somebody signed in. From where is not on record: a
// network address is about a person.
type SessionBegun struct {
	Session uuid.UUID `json:"session"`
}

// SessionEnded says that a session was ended before its time, by signing out or
// from elsewhere.
type SessionEnded struct {
	Session uuid.UUID `json:"session"`
}

// PasswordChanged says that the account has another password, which ended all
// sessions but the one it was changed in.
type PasswordChanged struct{}

// AddressChanged says that the account signs in with another address.
type AddressChanged struct{}

// TokenMade says that an API token was made, and what it may be used for.
type TokenMade struct {
	Token  uuid.UUID `json:"token"`
	Scopes []string  `json:"scopes"`
}

// TokenRevoked says that an API token was ended before its time.
type TokenRevoked struct {
	Token uuid.UUID `json:"token"`
}

func (AccountRegistered) EventType() Type { return TypeAccountRegistered }
func (AccountErased) EventType() Type     { return TypeAccountErased }
func (SessionBegun) EventType() Type      { return TypeSessionBegun }
func (SessionEnded) EventType() Type      { return TypeSessionEnded }
func (PasswordChanged) EventType() Type   { return TypePasswordChanged }
func (AddressChanged) EventType() Type    { return TypeAddressChanged }
func (TokenMade) EventType() Type         { return TypeTokenMade }
func (TokenRevoked) EventType() Type      { return TypeTokenRevoked }
