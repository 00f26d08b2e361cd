package projections

import "errors"

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
