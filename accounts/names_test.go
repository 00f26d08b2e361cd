package accounts

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
)

// TestNamesFollowWhatAccountsDo: what one process changes, the other sees with
// the next question, and it knows of nobody who is not there.
func TestNamesFollowWhatAccountsDo(t *testing.T) {
	t.Parallel()
	h := &fixture{nc: brokertest.Conn(t), log: newRecord(), clock: newClock()}
	a := h.open(t)
	names, err := OpenNames(t.Context(), h.nc, Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := register(t, a, ada)
	if got, ok, err := names.Person(t.Context(), p.ID); err != nil || !ok || got != p {
		t.Errorf("registered: %+v, %v, %v, want %+v", got, ok, err, p)
	}
	if err := a.Rename(t.Context(), p.ID, "Countess"); err != nil {
		t.Fatal(err)
	}
	if got, _, err := names.Person(t.Context(), p.ID); err != nil || got.Name != "Countess" {
		t.Errorf("renamed: %+v, %v", got, err)
	}
	if _, err := a.Erase(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := names.Person(t.Context(), p.ID); err != nil || !ok || !got.Erased || got.Email != "" {
		t.Errorf("erased: %+v, %v, %v", got, ok, err)
	}
	if got, ok, err := names.Person(t.Context(), uuid.New()); err != nil || ok {
		t.Errorf("nobody: %+v, %v, %v", got, ok, err)
	}
}

// TestNamesAreNotTakenForAbsentWhenTheBrokerIs: who cannot be asked for may be
// there all the same.
func TestNamesAreNotTakenForAbsentWhenTheBrokerIs(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	nc := brokertest.Connect(t, b)
	names, err := OpenNames(t.Context(), nc, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.Stop()
	if _, _, err := names.Person(t.Context(), uuid.New()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

// TestSetupKeepsWhatIsThere sets up before and after there is somebody, and
// accounts open on what it made.
func TestSetupKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	h := &fixture{nc: brokertest.Conn(t), log: newRecord(), clock: newClock()}
	js, err := jetstream.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := Setup(t.Context(), js, 1); err != nil {
		t.Fatal(err)
	}
	a := h.open(t)
	p := register(t, a, ada)
	if err := Setup(t.Context(), js, 1); err != nil {
		t.Fatal(err)
	}
	if got, err := a.ByEmail(t.Context(), ada); err != nil || got.ID != p.ID {
		t.Errorf("after setting up again: %+v, %v", got, err)
	}
	for _, kind := range bucketKinds {
		s, err := js.Stream(t.Context(), kind.stream())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.CachedInfo().Config.MaxMsgsPerSubject, int64(kind.history); got != want {
			t.Errorf("%s keeps %d of a key, want %d", kind.name, got, want)
		}
	}
}
