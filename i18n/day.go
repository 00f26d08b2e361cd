package i18n

import "time"

// Day writes a calendar day as seen from today: yesterday, today and tomorrow by
// name, days of this year without the year. Both are midnight, in UTC.
func (l Language) Day(day, today time.Time) string {
	switch {
	case day.Equal(today):
		return l.Text("day.today")
	case day.Equal(today.AddDate(0, 0, 1)):
		return l.Text("day.tomorrow")
	case day.Equal(today.AddDate(0, 0, -1)):
		return l.Text("day.yesterday")
	}
	return languages[l].date(day, day.Year() != today.Year())
}

// Moment writes an instant to the minute, in its own zone, as seen from today:
// one of this year without the year. UTC is named, because it is
// not where the reader is.
func (l Language) Moment(t, today time.Time) string {
	zone := ""
	if t.Location() == time.UTC {
		zone = " UTC"
	}
	return languages[l].date(t, t.Year() != today.Year()) + t.Format(", 15:04") + zone
}
