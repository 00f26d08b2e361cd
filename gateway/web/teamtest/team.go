// Package teamtest owns the people used in tests of the pages' texts: in the
// team, some names share a prefix, one is not Latin, one contains markup and
// one belongs to an erased account.
package teamtest

import (
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
)

// The people, and the day on which all tests take place.
var (
	Mina = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000001"), Name: "Mina Park", Email: "mina.park@example.org"}
	Jun  = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000002"), Name: "Jun Lee", Email: "jl@example.org"}
	June = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000003"), Name: "June <b>Ray</b>", Email: "ray@example.org"}
	Yuna = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000004"), Name: "김유나", Email: "yuna@example.org"}
	Gone = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000005"), Name: accounts.ErasedName, Erased: true}
	Team = []accounts.Person{Mina, Jun, June, Yuna, Gone}

	Tuesday = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
)

// Person returns the member of the team with that id, or a person without a name.
func Person(id uuid.UUID) accounts.Person {
	for _, p := range Team {
		if p.ID == id {
			return p
		}
	}
	return accounts.Person{ID: id}
}
