package problem

import (
	"context"
	"errors"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// sentinels maps the errors of other packages to codes. An error that is
// neither in it, nor a rejection, nor an invalid field, is a fault.
var sentinels = []struct {
	err  error
	code Code
}{
	// First, because the errors it wraps give the cause, which is for the
	// operator only.
	{commands.ErrDamaged, Damaged},
	{commands.ErrBusy, Busy},
	{events.ErrConflict, Busy},
	{events.ErrUnsettled, Unsettled},
	{events.ErrRefused, LogFull},
	{events.ErrIncarnation, PositionGone},
	{projections.ErrNotFound, NotFound},
	{projections.ErrStale, Stale},
	{projections.ErrCursor, UnknownCursor},
	{accounts.ErrNotFound, NotFound},
	{accounts.ErrUnauthenticated, Unauthenticated},
	{accounts.ErrCredentials, WrongCredentials},
	{accounts.ErrTooManyAttempts, TooManyAttempts},
	{accounts.ErrUnavailable, Unavailable},
	{projections.ErrUnavailable, Unavailable},
	// Last, because most of the others wrap a deadline.
	{context.DeadlineExceeded, TimedOut},
	{context.Canceled, TimedOut},
}

// From converts any error to a problem. It returns nil only for nil.
func From(err error) *Problem {
	if err == nil {
		return nil
	}
	var made *Problem
	if errors.As(err, &made) {
		return made
	}
	var rejection *commands.Rejection
	if errors.As(err, &rejection) {
		p := New(Code(rejection.Code), "%s", rejection.Message)
		if len(rejection.Problems) == 0 {
			return p
		}
		fields := make([]Field, len(rejection.Problems))
		for i, wrong := range rejection.Problems {
			fields[i] = Field{InBody, wrong.Field, wrong.Message, Reason(wrong.Reason), wrong.Args}
			if wrong.Message == rejection.Message {
				p.Errors = append(p.Errors, fields[i])
				return p
			}
		}
		return p.with(fields)
	}
	var invalids accounts.Invalids
	if errors.As(err, &invalids) {
		fields := make([]Field, len(invalids))
		for i, wrong := range invalids {
			fields[i] = accountField(wrong)
		}
		return Fields(fields...)
	}
	var invalid *accounts.Invalid
	if errors.As(err, &invalid) {
		return Fields(accountField(invalid))
	}
	if errors.Is(err, projections.ErrSort) {
		return Wrong(InQuery, "sort", Malformed, "is not a valid sort order for this list")
	}
	for _, s := range sentinels {
		if !errors.Is(err, s.err) {
			continue
		}
		p := New(s.code, "")
		var wait *accounts.TooManyAttempts
		if errors.As(err, &wait) {
			p.RetryAfter(wait.RetryAfter)
		}
		return p
	}
	return New(Internal, "")
}

func accountField(wrong *accounts.Invalid) Field {
	if wrong.Field == "idempotency_key" {
		return Field{InHeader, "Idempotency-Key", wrong.Message, Reason(wrong.Code), wrong.Args}
	}
	return Field{InBody, wrong.Field, wrong.Message, Reason(wrong.Code), wrong.Args}
}
