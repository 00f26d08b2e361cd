package accounts

import (
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

// ErasedName replaces the name of an erased person.
const ErasedName = "Erased person"

// Person is the part of an account that others can see.
type Person struct {
	ID   uuid.UUID
	Name string
	// Email is the normalised address, empty once erased.
	Email  string
	Erased bool
	// Administrator reports whether the account was the installation's first.
	Administrator bool
}

// personRecord is the value in docket_people. It is kept after an erasure, so
// that an erased account differs from one that never existed.
type personRecord struct {
	Name          string    `json:"name,omitempty"`
	Email         string    `json:"email,omitempty"`
	Administrator bool      `json:"administrator,omitempty"`
	Registered    time.Time `json:"registered"`
	Erased        time.Time `json:"erased,omitzero"`
	// Erasing is the key of the claim to release while an erasure is in progress.
	Erasing string `json:"erasing,omitempty"`
}

func (r personRecord) erased() bool { return !r.Erased.IsZero() }

func (r personRecord) person(id uuid.UUID) Person {
	p := Person{ID: id, Name: r.Name, Email: r.Email, Administrator: r.Administrator}
	if r.erased() {
		p.Name, p.Email, p.Erased = ErasedName, "", true
	}
	return p
}

// directory holds all people in memory, kept current by a watch.
type directory struct {
	watch  *watch
	logger *slog.Logger

	mu     sync.RWMutex
	people map[uuid.UUID]listed
	// next is the directory that is being reloaded, nil if none is.
	next map[uuid.UUID]listed
}

type listed struct {
	record   personRecord
	revision uint64
}

func newDirectory(b *bucket, logger *slog.Logger) *directory {
	d := &directory{logger: logger, people: make(map[uuid.UUID]listed)}
	d.watch = newWatch(b, logger, memory{begin: d.begin, apply: d.apply, complete: d.complete})
	return d
}

func (d *directory) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = make(map[uuid.UUID]listed)
}

func (d *directory) complete() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next != nil {
		d.people, d.next = d.next, nil
	}
}

func (d *directory) apply(entry jetstream.KeyValueEntry) {
	id, err := uuid.Parse(entry.Key())
	if err != nil || entry.Operation() != jetstream.KeyValuePut {
		return
	}
	var record personRecord
	if err := json.Unmarshal(entry.Value(), &record); err != nil {
		d.logger.Error("could not decode person", slog.String("account", id.String()), slog.Any("err", err))
		return
	}
	d.put(id, record, entry.Revision())
}

// put stores a person's record with its revision, unless a later one is known.
// Writers call it too, so that they see their change without waiting for the
// watch.
func (d *directory) put(id uuid.UUID, record personRecord, revision uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, people := range []map[uuid.UUID]listed{d.people, d.next} {
		if people != nil && people[id].revision < revision {
			people[id] = listed{record, revision}
		}
	}
}

func (d *directory) get(id uuid.UUID) (personRecord, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	l, ok := d.people[id]
	return l.record, ok
}

// erasing lists the accounts whose erasure is in progress.
func (d *directory) erasing() []uuid.UUID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var ids []uuid.UUID
	for id, l := range d.people {
		if l.record.Erasing != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// changedWithin returns the people who registered or were erased between two
// times, both included.
func (d *directory) changedWithin(from, to time.Time) map[uuid.UUID]personRecord {
	within := func(at time.Time) bool { return !at.Before(from) && !at.After(to) }
	d.mu.RLock()
	defer d.mu.RUnlock()
	found := make(map[uuid.UUID]personRecord)
	for id, l := range d.people {
		if within(l.record.Registered) || within(l.record.Erased) {
			found[id] = l.record
		}
	}
	return found
}
