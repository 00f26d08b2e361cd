package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Type names what happened, in the past tense.
type Type string

// Event is a fact about one aggregate. Its JSON form is stored permanently.
type Event interface {
	EventType() Type
}

// ErrUnknownType reports an event type or version that this program does not
// know. A newer version of the program wrote it.
var ErrUnknownType = errors.New("unknown event type")

// Upcaster converts the payload of one version of a type to the next version.
type Upcaster func(payload []byte) ([]byte, error)

// Registration describes an event type. Create it with [Register].
type Registration struct {
	Kind Kind
	// Version is the newest version, which is the one written. Versions start at 1.
	Version int
	// Upcasters[i] converts version i+1 to i+2; there are Version-1 of them.
	Upcasters []Upcaster
	decode    func([]byte) (Event, error)
}

// Registry is a table of event types.
type Registry map[Type]Registration

// Decode decodes a payload of the given type and version as the newest version
// of the event. It fails with [ErrUnknownType] for an unknown type or version.
func (r Registry) Decode(t Type, version int, payload []byte) (Event, error) {
	registered, ok := r[t]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownType, t)
	}
	if version < 1 || version > registered.Version {
		return nil, fmt.Errorf("%w: %s version %d, the newest known version is %d", ErrUnknownType, t, version, registered.Version)
	}
	for v := version; v < registered.Version; v++ {
		up, err := registered.Upcasters[v-1](payload)
		if err != nil {
			return nil, fmt.Errorf("upcast %s from version %d: %w", t, v, err)
		}
		payload = up
	}
	event, err := registered.decode(payload)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", t, err)
	}
	return event, nil
}

// Register returns the registration of an event type. Its newest version is the
// number of upcasters plus one.
func Register[E Event](kind Kind, upcasters ...Upcaster) Registration {
	return Registration{
		Kind:      kind,
		Version:   len(upcasters) + 1,
		Upcasters: upcasters,
		decode: func(payload []byte) (Event, error) {
			var e E
			d := json.NewDecoder(bytes.NewReader(payload))
			if err := d.Decode(&e); err != nil {
				return nil, err
			}
			if _, err := d.Token(); !errors.Is(err, io.EOF) {
				return nil, errors.New("more than one JSON value")
			}
			return e, nil
		},
	}
}

// Types lists every event type of Docket. A type's name and the meaning of its
// fields never change; a new meaning needs a new version with an upcaster.
var Types = Registry{
	TypeAccountRegistered: Register[AccountRegistered](KindAccount),
	TypeAccountErased:     Register[AccountErased](KindAccount),
	TypeSessionBegun:      Register[SessionBegun](KindAccount),
	TypeSessionEnded:      Register[SessionEnded](KindAccount),
	TypePasswordChanged:   Register[PasswordChanged](KindAccount),
	TypeAddressChanged:    Register[AddressChanged](KindAccount),
	TypeTokenMade:         Register[TokenMade](KindAccount),
	TypeTokenRevoked:      Register[TokenRevoked](KindAccount),

	TypeProjectCreated:    Register[ProjectCreated](KindProject),
	TypeProjectRenamed:    Register[ProjectRenamed](KindProject),
	TypeProjectArchived:   Register[ProjectArchived](KindProject),
	TypeProjectUnarchived: Register[ProjectUnarchived](KindProject),
	TypeMemberAdded:       Register[MemberAdded](KindProject),
	TypeMemberRoleChanged: Register[MemberRoleChanged](KindProject),
	TypeMemberRemoved:     Register[MemberRemoved](KindProject),
	TypeStatusesChanged:   Register[StatusesChanged](KindProject),

	TypeTaskCreated:     Register[TaskCreated](KindTask),
	TypeTaskEdited:      Register[TaskEdited](KindTask),
	TypeTaskMoved:       Register[TaskMoved](KindTask),
	TypeTaskAssigned:    Register[TaskAssigned](KindTask),
	TypeTaskUnassigned:  Register[TaskUnassigned](KindTask),
	TypeTaskDeleted:     Register[TaskDeleted](KindTask),
	TypeTaskRestored:    Register[TaskRestored](KindTask),
	TypeCommentAdded:    Register[CommentAdded](KindTask),
	TypeCommentEdited:   Register[CommentEdited](KindTask),
	TypeCommentDeleted:  Register[CommentDeleted](KindTask),
	TypeCommentRestored: Register[CommentRestored](KindTask),
}
