package accounts

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
)

// TestNamesReturnCurrentPerson changes a person in one process and reads it with
// Names. An unknown account is not found.
func TestNamesReturnCurrentPerson(t *testing.T) {
	t.Parallel()
	h := &fixture{nc: brokertest.Conn(t), log: newRecord(), clock: newClock()}
	a := h.open(t)
	names, err := OpenNames(t.Context(), h.nc, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := register(t, a, ada)
	if got, ok, err := names.Person(within(t), p.ID); err != nil || !ok || got != p {
		t.Errorf("registered: %+v, %v, %v, want %+v", got, ok, err, p)
	}
	if err := a.Rename(within(t), p.ID, "Countess"); err != nil {
		t.Fatal(err)
	}
	if got, _, err := names.Person(within(t), p.ID); err != nil || got.Name != "Countess" {
		t.Errorf("renamed: %+v, %v", got, err)
	}
	if _, err := a.Erase(within(t), p.ID); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := names.Person(within(t), p.ID); err != nil || !ok || !got.Erased || got.Email != "" {
		t.Errorf("erased: %+v, %v, %v", got, ok, err)
	}
	if got, ok, err := names.Person(within(t), uuid.New()); err != nil || ok {
		t.Errorf("nobody: %+v, %v, %v", got, ok, err)
	}
}

// TestNamesFailWithoutBroker checks that a person who cannot be looked up is not
// reported as missing.
func TestNamesFailWithoutBroker(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	nc := brokertest.Connect(t, b)
	names, err := OpenNames(t.Context(), nc, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.Stop()
	if _, _, err := names.Person(within(t), uuid.New()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

// TestSetupKeepsData runs Setup before and after a registration.
func TestSetupKeepsData(t *testing.T) {
	t.Parallel()
	h := &fixture{nc: brokertest.Conn(t), log: newRecord(), clock: newClock()}
	js, err := jetstream.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := Setup(within(t), js, 1); err != nil {
		t.Fatal(err)
	}
	a := h.open(t)
	p := register(t, a, ada)
	if err := Setup(within(t), js, 1); err != nil {
		t.Fatal(err)
	}
	if got, err := a.ByEmail(within(t), ada); err != nil || got.ID != p.ID {
		t.Errorf("after setting up again: %+v, %v", got, err)
	}
	for _, kind := range bucketKinds {
		s, err := js.Stream(within(t), kind.stream())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.CachedInfo().Config.MaxMsgsPerSubject, int64(kind.history); got != want {
			t.Errorf("%s keeps %d revisions of a key, want %d", kind.name, got, want)
		}
	}
}
