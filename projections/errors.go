package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketlog/docket/projections/dialect"
)

// Errors of this package. They are matched with errors.Is.
var (
	// ErrNotFound reports a thing that does not exist, or that the caller may
	// not know of: the two are one answer.
	ErrNotFound = errors.New("not found")
	// ErrStale reports rows that cannot be served: they have not reached the
	// wanted position in time, are still being built, or were folded by
	// another version of the program.
	ErrStale = errors.New("rows are stale")
	// ErrUnavailable reports that the database cannot be reached. Nothing is
	// wrong with what was asked.
	ErrUnavailable = errors.New("rows cannot be reached")
	// ErrCursor reports a page's cursor that was not given out for this list
	// and this order.
	ErrCursor = errors.New("cursor does not belong to this list")
	// ErrSort reports an order that the list does not have.
	ErrSort = errors.New("unknown sort order")
)

// classed puts the failure of a statement into its class: the caller's context
// is over (ctx's error), the database cannot be reached ([ErrUnavailable]), or
// the statement failed, which is returned as it is.
func classed(ctx context.Context, d dialect.Database, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) || !d.Lost(err) {
		return err
	}
	return away(ctx, err)
}

// away classes the failure of a database that gives no answer. A driver whose
// caller's time is over may close the connection and report only that, so
// ctx's error is added where the driver leaves it out.
func away(ctx context.Context, err error) error {
	switch over := ctx.Err(); {
	case over == nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, over):
		return err
	default:
		return fmt.Errorf("%w: %w", over, err)
	}
}
