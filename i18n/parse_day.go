package i18n

import (
	"strconv"
	"strings"
	"time"
)

// dayWords are the words for single days, with their offsets from today in
// days.
var dayWords = map[string]int{
	"today": 0, "tomorrow": 1, "tmr": 1, "오늘": 0, "내일": 1, "모레": 2,
}

var weekdayWords = map[string]time.Weekday{
	"monday": time.Monday, "mon": time.Monday, "월요일": time.Monday,
	"tuesday": time.Tuesday, "tue": time.Tuesday, "화요일": time.Tuesday,
	"wednesday": time.Wednesday, "wed": time.Wednesday, "수요일": time.Wednesday,
	"thursday": time.Thursday, "thu": time.Thursday, "목요일": time.Thursday,
	"friday": time.Friday, "fri": time.Friday, "금요일": time.Friday,
	"saturday": time.Saturday, "sat": time.Saturday, "토요일": time.Saturday,
	"sunday": time.Sunday, "sun": time.Sunday, "일요일": time.Sunday,
}

var monthWords = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}

// ParseDay parses a day in any supported language: today, friday (the next
// one), 2026-12-24, 24 dec, dec 24, in 3 days, +3d. today is the user's current
// day. It and the result are midnight UTC.
func ParseDay(words []string, today time.Time) (time.Time, bool) {
	lower := make([]string, len(words))
	for i, w := range words {
		lower[i] = strings.ToLower(w)
	}
	switch len(lower) {
	case 1:
		return dayByWord(lower[0], today)
	case 2:
		return dayOfMonth(lower[0], lower[1], today)
	case 3:
		return dayAhead(lower, today)
	}
	return time.Time{}, false
}

func dayByWord(w string, today time.Time) (time.Time, bool) {
	if n, ok := dayWords[w]; ok {
		return today.AddDate(0, 0, n), true
	}
	if wd, ok := weekdayWords[w]; ok {
		return today.AddDate(0, 0, 1+(int(wd)-int(today.Weekday())+6)%7), true
	}
	if t, err := time.Parse(time.DateOnly, w); err == nil && t.Year() > 0 {
		return t, true
	}
	if digits, ok := strings.CutPrefix(w, "+"); ok {
		if n, err := strconv.Atoi(strings.TrimSuffix(digits, "d")); err == nil && n >= 0 && n <= 3650 {
			return today.AddDate(0, 0, n), true
		}
	}
	return time.Time{}, false
}

// dayOfMonth parses 24 dec and dec 24.
func dayOfMonth(first, second string, today time.Time) (time.Time, bool) {
	month, named := monthWords[first]
	digits := second
	if !named {
		month, named = monthWords[second]
		digits = first
	}
	n, err := strconv.Atoi(digits)
	if !named || err != nil || n < 1 || n > 31 {
		return time.Time{}, false
	}
	// Find the next such day: not every year has a 29 February.
	for year := today.Year(); year <= today.Year()+8; year++ {
		if t := time.Date(year, month, n, 0, 0, 0, 0, time.UTC); t.Month() == month && !t.Before(today) {
			return t, true
		}
	}
	return time.Time{}, false
}

// dayAhead parses in 3 days and in 2 weeks.
func dayAhead(words []string, today time.Time) (time.Time, bool) {
	n, err := strconv.Atoi(words[1])
	if words[0] != "in" || err != nil || n < 0 || n > 520 {
		return time.Time{}, false
	}
	switch strings.TrimSuffix(words[2], "s") {
	case "day":
		return today.AddDate(0, 0, n), true
	case "week":
		return today.AddDate(0, 0, 7*n), true
	}
	return time.Time{}, false
}
