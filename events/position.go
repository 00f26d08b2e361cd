package events

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrIncarnation reports a position that belongs to another incarnation of the
// log, because the log was deleted and created again or was restored from a
// copy. It is meaningless in this log and must not be compared with its
// positions.
var ErrIncarnation = errors.New("position belongs to another incarnation of the log")

// Position is a place in the log. It covers all events up to and including
// Sequence. Sequence 0 is the beginning, before the first event. Its text form
// is opaque to clients.
type Position struct {
	Incarnation string
	Sequence    uint64
}

// String returns the text form that clients use in headers and as event ids of
// the feed.
func (p Position) String() string {
	return p.Incarnation + "-" + strconv.FormatUint(p.Sequence, 10)
}

// IsZero reports whether p is unset. The beginning of a known log is not zero.
func (p Position) IsZero() bool { return p == Position{} }

// At returns the position with the given sequence in the same incarnation.
func (p Position) At(sequence uint64) Position {
	return Position{p.Incarnation, sequence}
}

// ParsePosition is the inverse of [Position.String].
func ParsePosition(text string) (Position, error) {
	incarnation, number, ok := strings.Cut(text, "-")
	if !ok || incarnation == "" || len(text) > 64 {
		return Position{}, fmt.Errorf("position %.64q: want the value of an earlier Docket-Position header", text)
	}
	for _, c := range incarnation {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return Position{}, fmt.Errorf("position %q: want the value of an earlier Docket-Position header", text)
		}
	}
	sequence, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return Position{}, fmt.Errorf("position %q: want the value of an earlier Docket-Position header", text)
	}
	return Position{incarnation, sequence}, nil
}

// Reached reports whether a reader at p has seen everything up to q. It fails
// with [ErrIncarnation] if the two belong to different incarnations of the log.
func (p Position) Reached(q Position) (bool, error) {
	if p.Incarnation != q.Incarnation {
		return false, fmt.Errorf("%w: have %s, requested %s", ErrIncarnation, p.Incarnation, q.Incarnation)
	}
	return p.Sequence >= q.Sequence, nil
}
