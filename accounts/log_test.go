package accounts

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
)

// TestRepeatedStepsOnJetStreamLog registers and erases an account on the real
// log and takes each step twice.
func TestRepeatedStepsOnJetStreamLog(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	log, err := jetstream.Open(t.Context(), nc, jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), nc, log, Options{Argon2: cheap})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)

	var positions []events.Position
	for range 2 {
		position, err := a.Register(within(t), Registration{Email: ada, Name: "Ada", Password: adaPassword})
		if err != nil {
			t.Fatal(err)
		}
		positions = append(positions, position)
	}
	p, err := a.ByEmail(within(t), ada)
	if err != nil {
		t.Fatal(err)
	}
	record, err := a.read(within(t), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	announced, err := a.announceRegistered(within(t), p.ID, record)
	if err != nil {
		t.Fatal(err)
	}
	positions = append(positions, announced)
	for range 2 {
		position, err := a.Erase(within(t), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		positions = append(positions, position)
	}
	end, err := log.End(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]events.Position{end.At(1), end.At(1), end.At(1), end.At(2), end.At(2)}, positions); diff != "" {
		t.Errorf("positions (-want +have):\n%s", diff)
	}
	past, _, err := log.Load(within(t), events.Head{Aggregate: events.Account(p.ID)})
	if err != nil {
		t.Fatal(err)
	}
	var types []events.Type
	for _, e := range past {
		types = append(types, e.Type)
		if e.Actor != p.ID {
			t.Errorf("actor is %s, want the account itself", e.Actor)
		}
	}
	if diff := cmp.Diff([]events.Type{events.TypeAccountRegistered, events.TypeAccountErased}, types); diff != "" {
		t.Errorf("log (-want +have):\n%s", diff)
	}
}
