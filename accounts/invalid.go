package accounts

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of people's input.
const (
	MaxEmail          = 254 // bytes, RFC 5321 section 4.5.3.1.3
	MaxName           = 100 // characters
	MinPassword       = 10  // characters
	MaxPassword       = 256 // bytes
	MaxIdempotencyKey = 255 // bytes
	MaxTokenLifetime  = 365 * 24 * time.Hour
	MaxFilterName     = 60  // characters
	MaxFilterQuery    = 500 // characters
)

// The codes of an [Invalid].
const (
	CodeRequired = "required"
	CodeTooShort = "too_short"
	CodeTooLong  = "too_long"
	CodeFormat   = "format"
	CodeUnknown  = "unknown"
	CodeTaken    = "taken"
	CodeRange    = "range"
	CodeSpent    = "spent"
	CodeLimit    = "limit"
)

// Codes lists all codes.
var Codes = []string{CodeRequired, CodeTooShort, CodeTooLong, CodeFormat, CodeUnknown, CodeTaken, CodeRange, CodeSpent, CodeLimit}

// Invalid reports what is wrong with one field and how to correct it.
type Invalid struct {
	Field   string
	Code    string
	Message string
	// Args are the values in the message, in order.
	Args []any
}

func (i *Invalid) Error() string { return i.Field + ": " + i.Message }

// Invalids holds all invalid fields, reported together. errors.As finds all of
// them as Invalids, or the first one as [*Invalid].
type Invalids []*Invalid

func (is Invalids) Error() string {
	texts := make([]string, len(is))
	for i, invalid := range is {
		texts[i] = invalid.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the fields, for errors.Is and errors.As.
func (is Invalids) Unwrap() []error {
	errs := make([]error, len(is))
	for i, invalid := range is {
		errs[i] = invalid
	}
	return errs
}

// err returns nil if no field is invalid.
func (is Invalids) err() error {
	if len(is) == 0 {
		return nil
	}
	return is
}

func (is *Invalids) add(field, code, format string, args ...any) {
	*is = append(*is, &Invalid{field, code, fmt.Sprintf(format, args...), args})
}

// NormalizeEmail returns the form in which an address is stored and compared:
// without surrounding space and in lower case. It does not validate the address.
func NormalizeEmail(email string) string {
	return strings.ToLower(strings.TrimSpace(email))
}

func (is *Invalids) email(email string) string {
	const field = "email"
	email = NormalizeEmail(email)
	parsed, err := mail.ParseAddress(email)
	switch {
	case email == "":
		is.add(field, CodeRequired, "is required")
	case len(email) > MaxEmail:
		is.add(field, CodeTooLong, "must be at most %d bytes long", MaxEmail)
	case err != nil || parsed.Address != email:
		is.add(field, CodeFormat, "must be a plain address such as ada@example.org")
	}
	return email
}

func (is *Invalids) name(name string) string { return is.line(name, MaxName) }

func (is *Invalids) filterName(name string) string { return is.line(name, MaxFilterName) }

func (is *Invalids) line(name string, longest int) string {
	const field = "name"
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		is.add(field, CodeRequired, "is required")
	case utf8.RuneCountInString(name) > longest:
		is.add(field, CodeTooLong, "must be at most %d characters long", longest)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, deceptive):
		is.add(field, CodeFormat, "must not contain control characters or line breaks")
	}
	return name
}

func (is *Invalids) filterQuery(query string) {
	const field = "query"
	switch {
	case utf8.RuneCountInString(query) > MaxFilterQuery:
		is.add(field, CodeTooLong, "must be at most %d characters long", MaxFilterQuery)
	case !utf8.ValidString(query) || strings.ContainsFunc(query, unicode.IsControl):
		is.add(field, CodeFormat, "must not contain control characters or line breaks")
	}
}

// deceptive reports whether r changes how the text around a name is read, such as
// a line break in a mail header or a reversal of the writing direction.
func deceptive(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

func (is *Invalids) password(password string) {
	const field = "password"
	switch {
	case password == "":
		is.add(field, CodeRequired, "is required")
	case utf8.RuneCountInString(password) < MinPassword:
		is.add(field, CodeTooShort, "must be at least %d characters long", MinPassword)
	case len(password) > MaxPassword:
		is.add(field, CodeTooLong, "must be at most %d bytes long", MaxPassword)
	}
}

func (is *Invalids) scopes(scopes []Scope) []Scope {
	const field = "scopes"
	if len(scopes) == 0 {
		is.add(field, CodeRequired, "must contain at least one scope: read or write")
	}
	for _, s := range scopes {
		if !slices.Contains(allScopes, s) {
			is.add(field, CodeUnknown, "must contain only read and write; %.40q is not a scope", string(s))
			break
		}
	}
	sorted := slices.Sorted(slices.Values(scopes))
	return slices.Compact(sorted)
}

func (is *Invalids) expiry(expires, now time.Time) {
	const field = "expires"
	switch {
	case !expires.After(now):
		is.add(field, CodeRange, "must be in the future")
	case expires.After(now.Add(MaxTokenLifetime)):
		is.add(field, CodeRange, "must be at most one year from now")
	}
}

func (is *Invalids) idempotencyKey(key string) {
	if len(key) > MaxIdempotencyKey {
		is.add(idempotencyField, CodeTooLong, "must be at most %d bytes long", MaxIdempotencyKey)
	}
}

const idempotencyField = "idempotency_key"
