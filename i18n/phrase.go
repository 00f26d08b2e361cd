package i18n

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
)

// Text returns the phrase with that key, with its arguments inserted. The first
// int among them selects the plural form. A particle after a placeholder takes
// the form that matches the argument; see [Particle]. An unknown key is
// returned unchanged.
func (l Language) Text(key string, args ...any) string {
	text, ok := languages[l].phrases[key]
	if !ok {
		return key
	}
	text = l.form(text, args)
	if len(args) == 0 || !strings.Contains(text, "%") {
		return text // the singular may have no placeholder
	}
	return fmt.Sprintf(withParticles(text, args), args...)
}

// form returns the plural form of a phrase for the first int among the
// arguments.
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

// Around returns the text before and after the only %s of a phrase, for a page
// that inserts markup in its place.
func (l Language) Around(key string) (before, after string) {
	before, after, _ = strings.Cut(l.Text(key), "%s")
	return before, after
}

// StartingWith returns the phrases whose keys start with the prefix, by the
// rest of the key. They are unformatted: with placeholders and all plural
// forms.
func (l Language) StartingWith(prefix string) map[string]string {
	found := make(map[string]string)
	for key, text := range languages[l].phrases {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			found[rest] = text
		}
	}
	return found
}

// placeholder matches a placeholder of package fmt and the particle that
// follows it, if any.
var placeholder = regexp.MustCompile(`%(?:\[(\d+)\])?(?:\.\d+)?([a-z])(을\(를\)|이\(가\)|은\(는\)|과\(와\)|\(으\)로)?`)

// withParticles replaces the particles after placeholders with the forms that
// match the arguments.
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
