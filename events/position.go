package events

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrIncarnation reports a position that belongs to another life of the log,
// one that was deleted and made anew or restored from elsewhere. It says
// nothing about this log and must not be compared with its positions.
var ErrIncarnation = errors.New("position belongs to another incarnation of the log")

// Position is a place in the log: all events up to and including Sequence.
// Sequence 0 is the beginning, before the first event. Clients treat its text
// as opaque.
type Position struct {
	Incarnation string
	Sequence    uint64
}

// String is the form clients carry, in headers and as event ids of the feed.
func (p Position) String() string {
	return p.Incarnation + "-" + strconv.FormatUint(p.Sequence, 10)
}

// IsZero reports whether p is no position at all; the beginning of a known
// log is not zero.
func (p Position) IsZero() bool { return p == Position{} }

// At is the position with the given sequence in the same incarnation.
func (p Position) At(sequence uint64) Position {
	return Position{p.Incarnation, sequence}
}

// ParsePosition is the reverse of [Position.String].
func ParsePosition(text string) (Position, error) {
	incarnation, number, ok := strings.Cut(text, "-")
	if !ok || incarnation == "" || len(text) > 64 {
		return Position{}, fmt.Errorf("position %.64q: want the value of an earlier Docket-Position", text)
	}
	for _, c := range incarnation {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return Position{}, fmt.Errorf("position %q: want the value of an earlier Docket-Position", text)
		}
	}
	sequence, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return Position{}, fmt.Errorf("position %q: want the value of an earlier Docket-Position", text)
	}
	return Position{incarnation, sequence}, nil
}

// Reached reports whether what stands at p has seen everything up to q. It
// fails with [ErrIncarnation] if the two are of different lives of the log.
func (p Position) Reached(q Position) (bool, error) {
	if p.Incarnation != q.Incarnation {
		return false, fmt.Errorf("%w: have %s, asked for %s", ErrIncarnation, p.Incarnation, q.Incarnation)
	}
	return p.Sequence >= q.Sequence, nil
}
