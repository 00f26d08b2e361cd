package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	xlanguage "golang.org/x/text/language"

	"github.com/docketlog/docket/events"
)

// language is one of those the catalogue has, an index into a phrase.
type language int

const (
	english language = iota
	korean
	languages // how many there are
)

var tags = [languages]xlanguage.Tag{xlanguage.English, xlanguage.Korean}

// String is the language's BCP 47 tag.
func (l language) String() string { return tags[l].String() }

var matcher = xlanguage.NewMatcher(tags[:])

// languageOf is the language a person has chosen or else, of what their browser
// asks for, the nearest there is.
func languageOf(r *http.Request) language {
	for l := range languages {
		if cookieValue(r, languageCookie) == l.String() {
			return l
		}
	}
	accepted, _, err := xlanguage.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return english
	}
	_, index, _ := matcher.Match(accepted...)
	return language(index)
}

// phrase is a text in every language. Where it counts, the forms for one and
// for more stand with | between them.
type phrase [languages]string

// T is the phrase of that key in the reader's language, with its arguments in
// place. The first number among them chooses the form.
func (v *view) T(key string, args ...any) string {
	p, ok := catalogue[key]
	if !ok {
		return key
	}
	return p.in(v.language, args...)
}

func (p phrase) in(l language, args ...any) string {
	text := p[l]
	if one, more, counts := strings.Cut(text, "|"); counts {
		text = more
		for _, a := range args {
			if n, ok := a.(int); ok {
				if plural.Cardinal.MatchPlural(tags[l], n, 0, 0, 0, 0) == plural.One {
					text = one
				}
				break
			}
		}
	}
	if len(args) == 0 || !strings.Contains(text, "%") {
		return text // one may be said in a word
	}
	return fmt.Sprintf(text, args...)
}

// scriptWords are the phrases the scripts say, as JSON: those whose keys begin
// with js.
func scriptWords(l language) json.RawMessage {
	words := make(map[string]string)
	for key, p := range catalogue {
		if name, ok := strings.CutPrefix(key, "js."); ok {
			words[name] = p[l]
		}
	}
	text, err := json.Marshal(words)
	if err != nil {
		panic(err) // strings only
	}
	return text
}

var monthsShort = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// Day writes a calendar day as people do: near ones by name, those of this year
// without it.
func (v *view) Day(d events.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	today := v.today()
	switch int(t.Sub(today).Hours() / 24) {
	case 0:
		if t.Equal(today) {
			return v.T("day.today")
		}
	case 1:
		return v.T("day.tomorrow")
	case -1:
		return v.T("day.yesterday")
	}
	return v.date(t, t.Year() != today.Year())
}

func (v *view) date(t time.Time, withYear bool) string {
	switch {
	case v.language == korean && withYear:
		return fmt.Sprintf("%d년 %d월 %d일", t.Year(), t.Month(), t.Day())
	case v.language == korean:
		return fmt.Sprintf("%d월 %d일", t.Month(), t.Day())
	case withYear:
		return fmt.Sprintf("%d %s %d", t.Day(), monthsShort[t.Month()-1], t.Year())
	}
	return fmt.Sprintf("%d %s", t.Day(), monthsShort[t.Month()-1])
}

// Moment writes an instant, in the person's zone.
func (v *view) Moment(t time.Time) string {
	t = t.In(v.zone)
	zone := ""
	if v.zone == time.UTC {
		zone = " UTC"
	}
	return v.date(t, t.Year() != v.today().Year()) + t.Format(", 15:04") + zone
}

// late reports whether a day has passed, and soon whether it is today or
// tomorrow.
func (v *view) late(d events.Date) bool {
	return d != "" && string(d) < v.today().Format(time.DateOnly)
}

func (v *view) soon(d events.Date) bool {
	return d != "" && !v.late(d) && string(d) <= v.today().AddDate(0, 0, 1).Format(time.DateOnly)
}
