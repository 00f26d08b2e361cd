package commands

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRanksKeepTheirOrder inserts at random places and requires every rank to
// be valid and in order.
func TestRanksKeepTheirOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var ranks []string
		for range rapid.IntRange(1, 60).Draw(t, "insertions") {
			at := rapid.IntRange(0, len(ranks)).Draw(t, "at")
			after, before := "", ""
			if at > 0 {
				after = ranks[at-1]
			}
			if at < len(ranks) {
				before = ranks[at]
			}
			rank := RankBetween(after, before)
			if !ValidRank(rank) {
				t.Fatalf("between %q and %q: %q is no rank", after, before, rank)
			}
			if rank <= after || before != "" && rank >= before {
				t.Fatalf("%q does not lie between %q and %q", rank, after, before)
			}
			ranks = slices.Insert(ranks, at, rank)
		}
	})
}

// TestRanksBetweenAnyTwo draws random neighbours instead of generated ranks.
func TestRanksBetweenAnyTwo(t *testing.T) {
	t.Parallel()
	valid := rapid.StringMatching(`[0-9A-Za-z]{0,6}[1-9A-Za-z]`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := valid.Draw(t, "a"), valid.Draw(t, "b")
		low, high := min(a, b), max(a, b)
		rank := RankBetween(low, high)
		if !ValidRank(rank) || rank <= low || low != high && rank >= high {
			t.Fatalf("%q between %q and %q", rank, low, high)
		}
		if crossed := RankBetween(high, low); !ValidRank(crossed) || crossed <= high {
			t.Fatalf("%q after %q, whose neighbour %q lies before it", crossed, high, low)
		}
	})
}

func TestRankAtEndGrowsWithTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, 1<<52).Draw(t, "a")
		b := rapid.Int64Range(0, 1<<52).Draw(t, "b")
		ra, rb := RankAtEnd(time.UnixMicro(a)), RankAtEnd(time.UnixMicro(b))
		if !ValidRank(ra) || (a < b) != (ra < rb) {
			t.Fatalf("%d gives %q, %d gives %q", a, ra, b, rb)
		}
	})
}

func TestRankAtStartFallsWithTime(t *testing.T) {
	t.Parallel()
	if want := uint64(1); func() uint64 {
		n := uint64(1)
		for range rankWidth {
			n *= 62
		}
		return n
	}() != maxMicros+want {
		t.Fatal("maxMicros is not 62^9 - 1")
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(1<<50, 1<<52).Draw(t, "a")
		b := rapid.Int64Range(1<<50, 1<<52).Draw(t, "b")
		ra, rb := RankAtStart(time.UnixMicro(a)), RankAtStart(time.UnixMicro(b))
		if !ValidRank(ra) || (a < b) != (ra > rb) || ra >= RankAtEnd(time.UnixMicro(b)) {
			t.Fatalf("%d gives %q, %d gives %q; the end is %q", a, ra, b, rb, RankAtEnd(time.UnixMicro(b)))
		}
	})
}

// TestInsertingAtOnePlaceStaysShort bounds how a rank grows when all insertions
// are at the same place.
func TestInsertingAtOnePlaceStaysShort(t *testing.T) {
	t.Parallel()
	low, high := RankAtEnd(time.Unix(1, 0)), RankAtEnd(time.Unix(2, 0))
	for range 400 {
		high = RankBetween(low, high)
	}
	if len(high) > MaxRank {
		t.Errorf("after 400 insertions a rank is %d characters long, more than is accepted", len(high))
	}
}
