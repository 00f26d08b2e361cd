package events

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Envelope is one event with everything that is known about it.
type Envelope struct {
	// ID is derived from the command and the event's place within it, so that
	// a command that is sent again gives the same ids.
	ID      uuid.UUID
	Type    Type
	Version int
	// Aggregate is the thing this happened to; Project the project that
	// decides who may see it (zero for accounts).
	Aggregate Aggregate
	Project   uuid.UUID
	// Revision counts the aggregate's events from 1. PrevHash is the hash of
	// the event before, zero for the first.
	Revision uint64
	PrevHash Hash
	// Time is when the command was decided, UTC, in whole microseconds.
	Time time.Time
	// Actor is the account on whose behalf it happened.
	Actor uuid.UUID
	// Command is the command that decided it; Correlation the first command of
	// the chain this belongs to; Causation the event that led to the command,
	// zero where a person did.
	Command     uuid.UUID
	Correlation uuid.UUID
	Causation   uuid.UUID
	// TraceParent is the W3C Trace Context value of the request, or empty.
	TraceParent string
	// Payload is the event's JSON, byte for byte as stored.
	Payload []byte
	// Position is where the log holds it; zero until it does.
	Position Position
}

// Event decodes the payload, brought up to the type's newest version. It fails
// with [ErrUnknownType] for a type or version this program does not know.
func (e *Envelope) Event() (Event, error) {
	return Types.Decode(e.Type, e.Version, e.Payload)
}

// The CloudEvents 1.0 attributes in NATS headers, binary content mode. All are
// single-valued. The last three repeat the event's id where JetStream and
// Watermill look for it.
const (
	headerSpecVersion = "ce-specversion"
	headerID          = "ce-id"
	headerSource      = "ce-source"
	headerType        = "ce-type"
	headerSubject     = "ce-subject"
	headerTime        = "ce-time"
	headerContentType = "ce-datacontenttype"
	headerActor       = "ce-actor"
	headerProject     = "ce-project"
	headerCommand     = "ce-commandid"
	headerCorrelation = "ce-correlationid"
	headerCausation   = "ce-causationid"
	headerTraceParent = "ce-traceparent"
	headerRevision    = "ce-revision"
	headerPrevHash    = "ce-prevhash"

	headerMsgID     = "Nats-Msg-Id"
	headerWatermill = "_watermill_message_uuid"
)

const (
	specVersion  = "1.0"
	source       = "/docket"
	contentType  = "application/json"
	typePrefix   = "docket."
	timeFormat   = "2006-01-02T15:04:05.000000Z"
	versionStart = ".v"
)

// WireType is the CloudEvents type: docket.task_created.v1.
func (e *Envelope) WireType() string {
	return typePrefix + string(e.Type) + versionStart + strconv.Itoa(e.Version)
}

// WireTime is the time as it is stored and hashed: UTC, six decimals.
func (e *Envelope) WireTime() string { return formatTime(e.Time) }

// Headers writes the envelope as CloudEvents attributes in NATS headers.
func (e *Envelope) Headers() map[string][]string {
	h := make(map[string][]string, 16)
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
		}
	}
	id := e.ID.String()
	set(headerSpecVersion, specVersion)
	set(headerID, id)
	set(headerSource, source)
	set(headerType, e.WireType())
	set(headerSubject, e.Aggregate.ID.String())
	set(headerTime, formatTime(e.Time))
	set(headerContentType, contentType)
	set(headerActor, formatID(e.Actor))
	set(headerProject, formatID(e.Project))
	set(headerCommand, formatID(e.Command))
	set(headerCorrelation, formatID(e.Correlation))
	set(headerCausation, formatID(e.Causation))
	set(headerTraceParent, e.TraceParent)
	set(headerRevision, formatRevision(e.Revision))
	set(headerPrevHash, e.PrevHash.String())
	set(headerMsgID, id)
	set(headerWatermill, id)
	return h
}

// ErrMalformed reports a message on an event subject that is not an event: a
// header is missing or does not parse. Readers count it and go on; it can have
// no revision, so it is nobody's state.
var ErrMalformed = errors.New("malformed event")

// ParseEnvelope reads what [Envelope.Headers] wrote. header gives the first
// value under a name, or "". All errors wrap [ErrMalformed] and are reported
// together. The payload is kept, not copied, and not decoded.
func ParseEnvelope(subject string, header func(name string) string, payload []byte) (Envelope, error) {
	var errs []error
	fail := func(name string, err error) {
		errs = append(errs, fmt.Errorf("%s: %w", name, err))
	}
	id := func(name string, required bool) uuid.UUID {
		text := header(name)
		if text == "" && !required {
			return uuid.Nil
		}
		v, err := uuid.Parse(text)
		if err != nil {
			fail(name, err)
		}
		return v
	}
	e := Envelope{Payload: payload}
	var err error
	if e.Aggregate, err = ParseSubject(subject); err != nil {
		errs = append(errs, err)
	}
	constant := func(name, want string) {
		if v := header(name); v != want {
			fail(name, fmt.Errorf("want %s, have %q", want, v))
		}
	}
	constant(headerSpecVersion, specVersion)
	constant(headerSource, source)
	constant(headerSubject, e.Aggregate.ID.String())
	constant(headerContentType, contentType)
	e.ID = id(headerID, true)
	if e.Type, e.Version, err = parseWireType(header(headerType)); err != nil {
		fail(headerType, err)
	}
	if e.Time, err = time.Parse(timeFormat, header(headerTime)); err != nil {
		fail(headerTime, err)
	}
	e.Actor = id(headerActor, true)
	e.Project = id(headerProject, false)
	e.Command = id(headerCommand, true)
	e.Correlation = id(headerCorrelation, false)
	e.Causation = id(headerCausation, false)
	e.TraceParent = header(headerTraceParent)
	if e.Revision, err = strconv.ParseUint(header(headerRevision), 10, 64); err != nil {
		fail(headerRevision, err)
	}
	if e.PrevHash, err = ParseHash(header(headerPrevHash)); err != nil {
		fail(headerPrevHash, err)
	}
	if len(errs) > 0 {
		return e, fmt.Errorf("%w on %s: %w", ErrMalformed, subject, errors.Join(errs...))
	}
	return e, nil
}

func parseWireType(text string) (Type, int, error) {
	rest, ok := strings.CutPrefix(text, typePrefix)
	name, number, ok2 := strings.Cut(rest, versionStart)
	version, err := strconv.Atoi(number)
	if !ok || !ok2 || name == "" || err != nil || version < 1 {
		return "", 0, fmt.Errorf("want docket.<type>.v<version>, have %q", text)
	}
	return Type(name), version, nil
}

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

func formatRevision(n uint64) string { return strconv.FormatUint(n, 10) }

func formatID(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}
