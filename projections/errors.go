package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketlog/docket/projections/dialect"
)

// Errors of this package. Match them with errors.Is.
var (
	// ErrNotFound reports that the resource does not exist or the caller has no
	// access to it. Callers cannot tell which.
	ErrNotFound = errors.New("not found")
	// ErrStale reports rows that cannot be served: they did not reach the
	// requested position in time, are still being built, or were folded by
	// another version of the program.
	ErrStale = errors.New("rows are stale")
	// ErrUnavailable reports that the database cannot be reached. The request
	// itself is valid.
	ErrUnavailable = errors.New("rows cannot be reached")
	// ErrCursor reports a page cursor that was not issued for this list and
	// order.
	ErrCursor = errors.New("cursor does not belong to this list")
	// ErrSort reports a sort order that the list does not support.
	ErrSort = errors.New("unknown sort order")
)

// classed classifies the failure of a statement: the caller's context has ended
// (ctx's error), the database cannot be reached ([ErrUnavailable]), or the
// statement failed, which is returned unchanged.
func classed(ctx context.Context, d dialect.Database, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) || !d.Lost(err) {
		return err
	}
	return away(ctx, err)
}

// away classifies the failure of a database that does not answer. When the
// caller's context ends, a driver may close the connection and report only
// that, so ctx's error is added where the driver omits it.
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
