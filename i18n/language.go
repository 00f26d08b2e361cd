package i18n

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Language is a language that Docket supports. The zero value is English.
type Language int

// The supported languages.
const (
	English Language = iota
	Korean
)

// speech holds the rules and phrases of a language.
type speech struct {
	tag  language.Tag
	name string // in the language itself
	// forms are the plural forms of the language. A phrase with a count has a
	// text for each, in this order, separated by |. Without a number the last
	// one is used.
	forms []plural.Form
	date  func(t time.Time, withYear bool) string
	// phrases are the texts by key. Placeholders are those of package fmt;
	// phrases for scripts, whose keys start with js., use {}. A key that starts
	// with problem. ends in a problem code. A key that starts with wrong. ends
	// in the reason why a field is rejected, or in field and reason if the
	// field needs its own text; it takes the arguments of the reason.
	phrases map[string]string
}

var languages = [...]speech{English: english, Korean: korean}

// merged combines several maps. No key may be in two of them.
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

// All returns every language, English first.
func All() []Language {
	all := make([]Language, len(languages))
	for i := range all {
		all[i] = Language(i)
	}
	return all
}

// String returns the language's BCP 47 tag.
func (l Language) String() string { return languages[l].tag.String() }

// Name returns the language's name in that language.
func (l Language) Name() string { return languages[l].name }

// Parse returns the language with the given tag, in the form of
// [Language.String].
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

// Match returns the language that best matches an Accept-Language header, or
// English if the header is empty or invalid. sure reports whether the header
// asks for exactly that language, in any region.
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

// Has reports whether a phrase with that key exists.
func Has(key string) bool {
	_, ok := languages[English].phrases[key]
	return ok
}
