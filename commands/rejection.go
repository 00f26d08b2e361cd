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

// Reason is what is wrong with a field, so that it can be told in any language;
// the set is closed.
type Reason string

// The reasons. What is counted stands among the problem's arguments, in the
// order of its message.
const (
	ReasonRequired    Reason = "required"
	ReasonEmpty       Reason = "empty"
	ReasonEncoding    Reason = "encoding"
	ReasonLong        Reason = "long"  // characters allowed, characters there
	ReasonLarge       Reason = "large" // bytes allowed, bytes there
	ReasonOneLine     Reason = "one_line"
	ReasonControl     Reason = "control"
	ReasonChoice      Reason = "choice"
	ReasonDate        Reason = "date"
	ReasonMany        Reason = "many"    // allowed, there
	ReasonBetween     Reason = "between" // 1 to so many, there
	ReasonRank        Reason = "rank"    // characters allowed
	ReasonKey         Reason = "key"     // characters allowed
	ReasonTwice       Reason = "twice"   // the key
	ReasonNumber      Reason = "number"  // the largest
	ReasonHeirMissing Reason = "heir_missing"
	ReasonHeirUnknown Reason = "heir_unknown"
	ReasonKept        Reason = "kept"
	ReasonTogether    Reason = "together"
	ReasonChanged     Reason = "changed"
	// ReasonRefused: the rejection's code says it.
	ReasonRefused Reason = "refused"
)

// Reasons lists every reason once.
var Reasons = []Reason{
	ReasonRequired, ReasonEmpty, ReasonEncoding, ReasonLong, ReasonLarge, ReasonOneLine, ReasonControl, ReasonChoice, ReasonDate, ReasonMany,
	ReasonBetween, ReasonRank, ReasonKey, ReasonTwice, ReasonNumber, ReasonHeirMissing, ReasonHeirUnknown, ReasonKept, ReasonTogether, ReasonChanged, ReasonRefused,
}

// Problem says what is wrong with one field and what to do about it: for
// programs and for whoever says it in another language by its reason, and as a
// sentence.
type Problem struct {
	Field   string
	Reason  Reason
	Args    []any
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
	r.Problems = []Problem{{Field: field, Reason: ReasonRefused, Args: args, Message: r.Message}}
	return r
}
