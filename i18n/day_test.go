package i18n

import (
	"testing"
	"time"
)

func TestDay(t *testing.T) {
	t.Parallel()
	for day, want := range map[string][2]string{
		"2026-11-24": {"Today", "오늘"}, "2026-11-25": {"Tomorrow", "내일"}, "2026-11-23": {"Yesterday", "어제"},
		"2026-11-26": {"26 Nov", "11월 26일"}, "2026-01-01": {"1 Jan", "1월 1일"}, "2027-01-05": {"5 Jan 2027", "2027년 1월 5일"}, "0001-01-01": {"1 Jan 1", "1년 1월 1일"},
	} {
		d, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range All() {
			if got := l.Day(d, tuesday); got != want[l] {
				t.Errorf("%s in %s: %q, want %q", day, l, got, want[l])
			}
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 31, 23, 5, 59, 0, time.UTC)
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zone *time.Location
		want [2]string
	}{
		{time.UTC, [2]string{"31 Dec, 23:05 UTC", "12월 31일, 23:05 UTC"}},
		{seoul, [2]string{"1 Jan 2027, 08:05", "2027년 1월 1일, 08:05"}},
	} {
		for _, l := range All() {
			if got := l.Moment(at.In(c.zone), tuesday); got != c.want[l] {
				t.Errorf("in %s, %s: %q, want %q", c.zone, l, got, c.want[l])
			}
		}
	}
}
