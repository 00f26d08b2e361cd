package commands

import (
	"fmt"
	"strings"
)

// Code is the reason why a command was refused; the set is closed.
type Code string

// Codes of a rejection.
const (
	// CodeInvalid: the command is invalid in any state.
	CodeInvalid Code = "invalid"
	// CodeNotFound: the resource does not exist or the actor has no access to
	// it.
	CodeNotFound Code = "not_found"
	// CodeForbidden: the actor can see the resource but may not do this.
	CodeForbidden Code = "forbidden"
	// CodeRevision: the resource has changed since the revision that the
	// request names.
	CodeRevision Code = "revision_mismatch"
	// CodeChanged: a field that the command would change does not have the
	// value that the actor saw.
	CodeChanged Code = "changed_meanwhile"
	// CodeArchived: the project is archived.
	CodeArchived Code = "project_archived"
	// CodeDeleted: the task is in the trash.
	CodeDeleted Code = "task_deleted"
	// CodeExists: it already exists.
	CodeExists Code = "already_exists"
	// CodeNotMember: the account is not a member of the project.
	CodeNotMember Code = "not_a_member"
	// CodeUnknownStatus: the project's board does not have this status.
	CodeUnknownStatus Code = "unknown_status"
	// CodeLastOwner: the project would be left without an owner.
	CodeLastOwner Code = "last_owner"
	// CodeCannotUndo: the change has no opposite.
	CodeCannotUndo Code = "cannot_be_undone"
	// CodeLimit: a limit would be exceeded.
	CodeLimit Code = "limit_reached"
)

// Codes lists every code once.
var Codes = []Code{
	CodeInvalid, CodeNotFound, CodeForbidden, CodeRevision, CodeChanged, CodeArchived, CodeDeleted,
	CodeExists, CodeNotMember, CodeUnknownStatus, CodeLastOwner, CodeCannotUndo, CodeLimit,
}

// Reason is what is wrong with a field, independent of language; the set is
// closed.
type Reason string

// Reasons of a problem. The comments list the arguments of the problem, in the
// order of its message.
const (
	ReasonRequired    Reason = "required"
	ReasonEmpty       Reason = "empty"
	ReasonEncoding    Reason = "encoding"
	ReasonLong        Reason = "long"  // characters allowed, characters given
	ReasonLarge       Reason = "large" // bytes allowed, bytes given
	ReasonOneLine     Reason = "one_line"
	ReasonControl     Reason = "control"
	ReasonChoice      Reason = "choice"
	ReasonDate        Reason = "date"
	ReasonMany        Reason = "many"    // allowed, given
	ReasonBetween     Reason = "between" // highest allowed (the lowest is 1), given
	ReasonRank        Reason = "rank"    // characters allowed
	ReasonKey         Reason = "key"     // characters allowed
	ReasonTwice       Reason = "twice"   // the key
	ReasonNumber      Reason = "number"  // the largest
	ReasonHeirMissing Reason = "heir_missing"
	ReasonHeirUnknown Reason = "heir_unknown"
	ReasonKept        Reason = "kept"
	ReasonTogether    Reason = "together"
	ReasonChanged     Reason = "changed"
	// ReasonRefused: see the code of the rejection.
	ReasonRefused Reason = "refused"
)

// Reasons lists every reason once.
var Reasons = []Reason{
	ReasonRequired, ReasonEmpty, ReasonEncoding, ReasonLong, ReasonLarge, ReasonOneLine, ReasonControl, ReasonChoice, ReasonDate, ReasonMany,
	ReasonBetween, ReasonRank, ReasonKey, ReasonTwice, ReasonNumber, ReasonHeirMissing, ReasonHeirUnknown, ReasonKept, ReasonTogether, ReasonChanged, ReasonRefused,
}

// Problem says what is wrong with one field and how to fix it: by a reason, for
// programs and for translation, and as a sentence.
type Problem struct {
	Field   string
	Reason  Reason
	Args    []any
	Message string
}

// Rejection is a refused command: a code for programs and a sentence for
// people. Nothing was written.
type Rejection struct {
	Code    Code
	Message string
	// Problems lists the fields concerned, if the rejection is about fields.
	Problems []Problem
}

// Error returns the sentence, with the fields.
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
	r.Problems = []Problem{{Field: field, Reason: ReasonRefused, Args: args, Message: r.Message}}
	return r
}
