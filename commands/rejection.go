package commands

import (
	"fmt"
	"strings"
)

// Code is why a command was refused; the set is closed.
type Code string

// The codes.
const (
	// CodeInvalid: the command itself is wrong, whatever the state.
	CodeInvalid Code = "invalid"
	// CodeNotFound: there is no such thing, or the actor may not know of it.
	CodeNotFound Code = "not_found"
	// CodeForbidden: the actor knows of it and may not do this.
	CodeForbidden Code = "forbidden"
	// CodeRevision: the thing has changed since the revision the actor named.
	CodeRevision Code = "revision_mismatch"
	// CodeChanged: a field the command would change says something else than
	// the actor saw.
	CodeChanged Code = "changed_meanwhile"
	// CodeArchived: the project is archived.
	CodeArchived Code = "project_archived"
	// CodeDeleted: the task is in the trash.
	CodeDeleted Code = "task_deleted"
	// CodeExists: there is one already.
	CodeExists Code = "already_exists"
	// CodeNotMember: the account is not a member of the project.
	CodeNotMember Code = "not_a_member"
	// CodeUnknownStatus: the project's board has no such status.
	CodeUnknownStatus Code = "unknown_status"
	// CodeLastOwner: the project would be left without an owner.
	CodeLastOwner Code = "last_owner"
	// CodeCannotUndo: what happened has no opposite.
	CodeCannotUndo Code = "cannot_be_undone"
	// CodeLimit: there would be more of something than Docket allows.
	CodeLimit Code = "limit_reached"
)

// Codes lists every code once.
var Codes = []Code{
	CodeInvalid, CodeNotFound, CodeForbidden, CodeRevision, CodeChanged, CodeArchived, CodeDeleted,
	CodeExists, CodeNotMember, CodeUnknownStatus, CodeLastOwner, CodeCannotUndo, CodeLimit,
}

// Problem says what is wrong with one field and what to do about it.
type Problem struct {
	Field   string
	Message string
}

// Rejection is the domain's no: a code for programs and a sentence for people.
// Nothing was written.
type Rejection struct {
	Code    Code
	Message string
	// Problems name the fields, where the refusal is about fields.
	Problems []Problem
}

// Error is the sentence, with the fields.
func (r *Rejection) Error() string {
	var b strings.Builder
	b.WriteString(r.Message)
	for i, p := range r.Problems {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s %s", sep, p.Field, p.Message)
	}
	return b.String()
}

func reject(code Code, format string, args ...any) *Rejection {
	return &Rejection{Code: code, Message: fmt.Sprintf(format, args...)}
}

func rejectField(code Code, field, format string, args ...any) *Rejection {
	r := reject(code, format, args...)
	r.Problems = []Problem{{Field: field, Message: r.Message}}
	return r
}
