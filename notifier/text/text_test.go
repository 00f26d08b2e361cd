package text

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareShowsWhatChanged(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("line\n", 100)
	got := Compare("a\nb\nc\nd", "a\nB\nc\nd")
	want := []Line{{" ", "a"}, {"-", "b"}, {"+", "B"}, {" ", "c"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	both := Compare(long+"x", strings.ReplaceAll(long, "line", "other")+"y")
	if len(both) > MaxLines || !slices.ContainsFunc(both, func(l Line) bool { return l.Sign == "+" }) || both[0].Sign != "-" {
		t.Errorf("a long change is not shown from both sides in %d lines: %v", MaxLines, both)
	}
	if lines := Quote(strings.Repeat("x", 10_000)); len([]rune(lines[0].Text)) > MaxLineLength {
		t.Error("a long line is not shortened")
	}
}
