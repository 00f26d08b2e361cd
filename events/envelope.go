package events

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Envelope is one event with its metadata.
type Envelope struct {
	// ID is derived from the command and the event's index within it, so a
	// retried command gives the same ids.
	ID      uuid.UUID
	Type    Type
	Version int
	// Aggregate is what the event changed. Project is the project that
	// decides who may see it (zero for accounts).
	Aggregate Aggregate
	Project   uuid.UUID
	// Revision counts the aggregate's events from 1. PrevHash is the hash of
	// the previous event, zero for the first.
	Revision uint64
	PrevHash Hash
	// Time is when the command was decided, UTC, in whole microseconds.
	Time time.Time
	// Actor is the account that caused the event.
	Actor uuid.UUID
	// Command is the command that decided the event. Correlation is the first
	// command of the chain this belongs to. Causation is the event that led to
	// the command, zero if a person did.
	Command     uuid.UUID
	Correlation uuid.UUID
	Causation   uuid.UUID
	// TraceParent is the W3C Trace Context value of the request, or empty.
	TraceParent string
	// Payload is the event's JSON, byte for byte as stored.
	Payload []byte
	// Position is the event's position in the log, zero before it is stored.
	Position Position
}

// Event decodes the payload and upcasts it to the type's newest version. It
// fails with [ErrUnknownType] for a type or version this program does not know.
func (e *Envelope) Event() (Event, error) {
	return Types.Decode(e.Type, e.Version, e.Payload)
}

// The CloudEvents 1.0 attributes in NATS headers, binary content mode. All have
// one value. The last two repeat the event's id where JetStream and Watermill
// look for it.
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

// WireType returns the CloudEvents type, such as docket.task_created.v1.
func (e *Envelope) WireType() string {
	return typePrefix + string(e.Type) + versionStart + strconv.Itoa(e.Version)
}

// WireTime returns the time as it is stored and hashed: UTC, six decimals.
func (e *Envelope) WireTime() string { return formatTime(e.Time) }

// Headers returns the envelope as CloudEvents attributes in NATS headers.
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
// header is missing or does not parse. Readers count it and continue. It has no
// revision, so it cannot be part of any aggregate's state.
var ErrMalformed = errors.New("malformed event")

// ParseEnvelope is the inverse of [Envelope.Headers]. header returns the first
// value of a name, or "". The error wraps [ErrMalformed] and reports every
// problem. The payload is kept, not copied, and not decoded.
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
