package i18n

import "time"

// Day formats a calendar day relative to today: yesterday, today and tomorrow
// by name, other days of this year without the year. Both are midnight UTC.
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

// Moment formats a time to the minute, in its own zone, relative to today:
// times of this year without the year. UTC is named, because it is not the
// reader's time zone.
func (l Language) Moment(t, today time.Time) string {
	zone := ""
	if t.Location() == time.UTC {
		zone = " UTC"
	}
	return languages[l].date(t, t.Year() != today.Year()) + t.Format(", 15:04") + zone
}
