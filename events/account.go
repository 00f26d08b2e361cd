package events

import "github.com/google/uuid"

// The account events. They hold ids and no personal data: a person's name,
// address and password live in package accounts, where they can be erased.
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

// AccountRegistered records that an account was created and can sign in.
// Administrator is true for the first account of an installation.
type AccountRegistered struct {
	Administrator bool `json:"administrator"`
}

// AccountErased records that a person's data was erased. The account can no
// longer sign in. What it did stays on record under its id.
type AccountErased struct{}

// SessionBegun records that the account signed in. It does not hold the network
// address, which is personal data.
type SessionBegun struct {
	Session uuid.UUID `json:"session"`
}

// SessionEnded records that a session ended before it expired, because the
// person signed out or revoked it from another session.
type SessionEnded struct {
	Session uuid.UUID `json:"session"`
}

// PasswordChanged records that the account has a new password. The change ended
// all sessions except the one it was made in.
type PasswordChanged struct{}

// AddressChanged records that the account signs in with a new address.
type AddressChanged struct{}

// TokenMade records that an API token was created, with its scopes.
type TokenMade struct {
	Token  uuid.UUID `json:"token"`
	Scopes []string  `json:"scopes"`
}

// TokenRevoked records that an API token was revoked before it expired.
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
