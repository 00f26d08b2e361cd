package projections

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The same events give the same rows, in the same canonical form, on every
// database, live and rebuilt.
func TestEveryDatabaseGivesTheSameRows(t *testing.T) {
	t.Parallel()
	l := newMemoryLog()
	newSimulation(l, rand.New(rand.NewPCG(1, 2))).steps(800)
	var want string
	for _, d := range databases() {
		s := d.open(t)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		have := dump(t, s)
		if status, _ := s.Status(t.Context()); status.Parked != 0 || status.Refused != 0 {
			parked, _ := s.Parked(t.Context())
			t.Fatalf("%s: a valid history was not applied: %+v %+v", d.name, status, parked)
		}
		if want == "" {
			want = have
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s has other rows (-sqlite +%s):\n%s", d.name, d.name, diff)
		}
	}
}
