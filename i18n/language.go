package i18n

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Language is a language that Docket speaks. The zero value is English.
type Language int

// The languages.
const (
	English Language = iota
	Korean
)

// speech is the rules and phrases of a language.
type speech struct {
	tag  language.Tag
	name string // in the language itself
	// forms are the plural forms of the language. A phrase that counts has a text
	// for each, in this order, separated by |. The last is used without a number.
	forms []plural.Form
	date  func(t time.Time, withYear bool) string
	// phrases are the texts by key. Placeholders are those of package fmt; in
	// phrases of the scripts, whose keys start with js., they are {}. A key that
	// starts with problem. ends in a problem's code. One that starts with wrong.
	// ends in the reason why a field is refused, or in field and reason where the
	// field needs its own text; it takes the arguments of the reason.
	phrases map[string]string
}

var languages = [...]speech{English: english, Korean: korean}

// merged is several maps in one. No key may be in two of them.
func merged(all ...map[string]string) map[string]string {
	whole := make(map[string]string)
	for _, some := range all {
		for key, text := range some {
			if _, twice := whole[key]; twice {
				panic(fmt.Sprintf("i18n: the phrase %q is there twice", key))
			}
			whole[key] = text
		}
	}
	return whole
}

// All is every language, English first.
func All() []Language {
	all := make([]Language, len(languages))
	for i := range all {
		all[i] = Language(i)
	}
	return all
}

// String is the language's BCP 47 tag.
func (l Language) String() string { return languages[l].tag.String() }

// Name is the language's name in that language.
func (l Language) Name() string { return languages[l].name }

// Parse returns the language whose tag, as [Language.String] writes it, this is.
func Parse(tag string) (Language, bool) {
	i := slices.IndexFunc(languages[:], func(s speech) bool { return s.tag.String() == tag })
	return Language(max(i, 0)), i >= 0
}

var matcher = language.NewMatcher(func() []language.Tag {
	tags := make([]language.Tag, len(languages))
	for i, s := range languages {
		tags[i] = s.tag
	}
	return tags
}())

// Match returns the language nearest to what an Accept-Language header asks for,
// English if it asks for nothing or cannot be read. sure reports whether it asks
// for that very language, in whichever region.
func Match(acceptLanguage string) (l Language, sure bool) {
	asked, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(asked) == 0 {
		return English, false
	}
	_, index, confidence := matcher.Match(asked...)
	return Language(index), confidence >= language.High
}

// Keys returns the keys of all phrases, sorted.
func Keys() []string { return slices.Sorted(maps.Keys(languages[English].phrases)) }

// Has reports whether there is a phrase of that key.
func Has(key string) bool {
	_, ok := languages[English].phrases[key]
	return ok
}
