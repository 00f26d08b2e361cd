package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/service"
)

// Position is a log position in a header or query.
type Position struct{ events.Position }

var errPosition = errors.New("must be the Docket-Position of an earlier response")

// UnmarshalText reads what [events.Position.String] writes.
func (p *Position) UnmarshalText(text []byte) error {
	position, err := events.ParsePosition(string(text))
	if err != nil {
		return errPosition
	}
	p.Position = position
	return nil
}

// Reading is the input of every read.
type Reading struct {
	Position Position `header:"Docket-Position" doc:"Wait until the response can reflect at least this log position, the Docket-Position of an earlier response."`
}

// at returns the position the caller has seen.
func (r Reading) at() events.Position { return r.Position.Position }

// Conditional is the additional input of reads of one resource.
type Conditional struct {
	IfNoneMatch string `header:"If-None-Match" doc:"Return 304 if the resource still has this ETag."`
}

// Keyed is the input of every write.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"Makes retries safe: the same request sent again with the same key has the same outcome."`
}

// Writing is the input of commands about an existing resource.
type Writing struct {
	Keyed
	IfMatch     IfMatch     `header:"If-Match" doc:"Fail with 412 unless the task or project has this ETag."`
	TraceParent TraceParent `header:"traceparent" doc:"W3C Trace Context, stored with the events."`
}

// Creating is the input of commands that create a resource.
type Creating struct {
	Keyed
	TraceParent TraceParent `header:"traceparent" doc:"W3C Trace Context, stored with the events."`
}

func (w Writing) write() service.Write {
	return service.Write{IfRevision: w.IfMatch.Revision, TraceParent: w.TraceParent.valid()}
}

func (c Creating) write() service.Write { return service.Write{TraceParent: c.TraceParent.valid()} }

// Written is the answer to a write that returns no data.
type Written struct {
	Position string `header:"Docket-Position" doc:"The log position that includes the change."`
	ETag     string `header:"ETag" doc:"The revision of the task or project."`
	Change   string `header:"Docket-Change" doc:"The last revision that this request created; pass it to the undo operation. Absent if nothing changed."`
}

func written(o commands.Outcome, revision uint64) *Written {
	return &Written{o.Position.String(), etag(revision), changeOf(o)}
}

// changeOf returns the outcome's Docket-Change, empty if nothing changed.
func changeOf(o commands.Outcome) string {
	if o.Change == 0 {
		return ""
	}
	return strconv.FormatUint(o.Change, 10)
}

// IfMatch is the revision a command requires, nil for any.
type IfMatch struct{ Revision *uint64 }

var errIfMatch = errors.New(`must be one ETag from an earlier response, such as "12", or *`)

// UnmarshalText reads one strong entity tag.
func (m *IfMatch) UnmarshalText(text []byte) error {
	value := strings.TrimSpace(string(text))
	if value == "*" {
		return nil
	}
	digits, ok := strings.CutPrefix(value, `"`)
	digits, ok2 := strings.CutSuffix(digits, `"`)
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok || !ok2 || err != nil {
		return errIfMatch
	}
	m.Revision = &n
	return nil
}

// TraceParent is a W3C traceparent; an invalid one is ignored, as the
// recommendation requires.
type TraceParent string

func (t TraceParent) valid() string {
	s := string(t)
	if len(s) != 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		if i != 2 && i != 35 && i != 52 && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return s
}

func etag(revision uint64) string { return `"` + strconv.FormatUint(revision, 10) + `"` }

// matches reports whether an If-None-Match contains the tag. It uses the weak
// comparison (RFC 9110, section 13.1.2).
func (c Conditional) matches(tag string) bool {
	for one := range strings.SplitSeq(c.IfNoneMatch, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// unchanged is the answer 304. Huma treats it as an error, of which it needs
// only a status and headers.
type unchanged struct {
	tag      string
	position events.Position
}

func (u *unchanged) Error() string  { return "not modified" }
func (u *unchanged) GetStatus() int { return http.StatusNotModified }
func (u *unchanged) GetHeaders() http.Header {
	return http.Header{"Etag": {u.tag}, service.PositionHeader: {u.position.String()}}
}
