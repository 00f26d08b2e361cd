package i18n

import (
	"strings"
	"testing"
	"time"
)

// tuesday is today in all these tests.
var tuesday = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func TestParseDay(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"today": "2026-11-24", "Tomorrow": "2026-11-25", "tmr": "2026-11-25", "오늘": "2026-11-24", "내일": "2026-11-25", "모레": "2026-11-26",
		"tuesday": "2026-12-01", "wed": "2026-11-25", "MON": "2026-11-30", "일요일": "2026-11-29",
		"2026-02-28": "2026-02-28", "2026-02-30": "", "2028-02-29": "2028-02-29", "0000-01-01": "", "12345-01-01": "",
		"24 dec": "2026-12-24", "dec 24": "2026-12-24", "1 jan": "2027-01-01", "24 nov": "2026-11-24", "23 nov": "2027-11-23", "31 apr": "", "feb 29": "2028-02-29", "feb 30": "", "0 dec": "", "32 dec": "", "dec": "",
		"in 2 weeks": "2026-12-08", "in 1 day": "2026-11-25", "in 0 days": "2026-11-24", "in -1 days": "", "in 521 weeks": "", "in 2 months": "", "at 2 days": "",
		"+0": "2026-11-24", "+7d": "2026-12-01", "+3650": "2036-11-21", "+3651": "", "+": "", "+-1": "", "+99999999999999999999": "", "": "", "someday": "", "next week": "",
	} {
		got, ok := ParseDay(strings.Fields(words), tuesday)
		if ok != (want != "") || ok && got.Format(time.DateOnly) != want {
			t.Errorf("%q is %s, want %q", words, got, want)
		}
	}
}

// TestLeapDay parses a day that only leap years have.
func TestLeapDay(t *testing.T) {
	t.Parallel()
	for today, want := range map[string]string{"2028-02-01": "2028-02-29", "2028-02-29": "2028-02-29", "2028-03-01": "2032-02-29", "2027-05-01": "2028-02-29"} {
		now, err := time.Parse(time.DateOnly, today)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := ParseDay([]string{"29", "feb"}, now); got.Format(time.DateOnly) != want {
			t.Errorf("on %s 29 feb is %s, want %q", today, got, want)
		}
	}
}

// TestDaysAreAhead parses weekday names on every day of a week.
func TestDaysAreAhead(t *testing.T) {
	t.Parallel()
	for n := range 7 {
		today := tuesday.AddDate(0, 0, n)
		for word, weekday := range weekdayWords {
			day, ok := ParseDay([]string{word}, today)
			if !ok || day.Weekday() != weekday || !day.After(today) || day.Sub(today) > 7*24*time.Hour {
				t.Errorf("on %s %s is %s", today.Weekday(), word, day)
			}
		}
	}
}
