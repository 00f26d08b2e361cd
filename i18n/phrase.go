package i18n

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
)

// Text returns the phrase of that key with its arguments in place. The first
// int among them chooses the plural form. A particle that follows a placeholder
// takes the form that goes with the argument; see [Particle]. A key that there
// is no phrase for comes back as it is.
func (l Language) Text(key string, args ...any) string {
	text, ok := languages[l].phrases[key]
	if !ok {
		return key
	}
	text = l.form(text, args)
	if len(args) == 0 || !strings.Contains(text, "%") {
		return text // one may be said in a word
	}
	return fmt.Sprintf(withParticles(text, args), args...)
}

// form returns the plural form of a phrase that the first int among the
// arguments asks for.
func (l Language) form(text string, args []any) string {
	if !strings.Contains(text, "|") {
		return text
	}
	forms := strings.Split(text, "|")
	for _, a := range args {
		if n, ok := a.(int); ok {
			if i := slices.Index(languages[l].forms, plural.Cardinal.MatchPlural(languages[l].tag, n, 0, 0, 0, 0)); i >= 0 {
				return forms[i]
			}
			break
		}
	}
	return forms[len(forms)-1]
}

// Around returns what stands before and behind the one %s of a phrase, for a
// page that puts more than text in its place.
func (l Language) Around(key string) (before, after string) {
	before, after, _ = strings.Cut(l.Text(key), "%s")
	return before, after
}

// StartingWith returns the phrases whose keys start with the prefix, by the rest
// of their keys, as they are written: with placeholders and all plural forms.
func (l Language) StartingWith(prefix string) map[string]string {
	found := make(map[string]string)
	for key, text := range languages[l].phrases {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			found[rest] = text
		}
	}
	return found
}

// placeholder is one of package fmt, with the particle that follows it, if any.
var placeholder = regexp.MustCompile(`%(?:\[(\d+)\])?(?:\.\d+)?([a-z])(을\(를\)|이\(가\)|은\(는\)|과\(와\)|\(으\)로)?`)

// withParticles puts, behind the placeholders of a phrase, the particles in the
// forms that go with the arguments.
func withParticles(text string, args []any) string {
	if !strings.Contains(text, "(") {
		return text
	}
	next := 0
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		if n, err := strconv.Atoi(parts[1]); err == nil {
			next = n - 1
		}
		i, particle := next, parts[3]
		next++
		if particle == "" || i >= len(args) {
			return found
		}
		return strings.TrimSuffix(found, particle) + Particle(fmt.Sprintf("%"+parts[2], args[i]), particle)
	})
}
