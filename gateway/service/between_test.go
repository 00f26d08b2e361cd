package service

import (
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/problem"
)

func TestBetween(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ after, before, want string }{
		{"", "", commands.RankAtEnd(now)},
		{"V", "", "VV"}, // at the end, by the clock
		{"", "V", commands.RankAtStart(now)},
		{"A", "C", "B"},
		{"A", "B", "AV"},
	} {
		got, err := between(c.after, c.before, now)
		if err != nil || got != c.want || got <= c.after || c.before != "" && got >= c.before {
			t.Errorf("between %q and %q: %q, %v; want %q", c.after, c.before, got, err, c.want)
		}
	}
	// Two neighbours of maximum rank length may leave no room.
	long := "V" + strings.Repeat("0", commands.MaxRank-2)
	if got, err := between(long+"1", long+"2", now); problem.From(err) == nil || problem.From(err).Code != problem.Code(commands.CodeLimit) {
		t.Errorf("between the longest: %q, %v", got, err)
	}
}
