package events

import (
	"regexp"
	"slices"

	"github.com/google/uuid"
)

// MaxMentions is how many mentions in one text count. It bounds the work that a
// single event can cause.
const MaxMentions = 100

// mention matches a person in a text, by id: the log holds no names. Anything
// else between the brackets is ordinary text.
var mention = regexp.MustCompile(`<@([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})>`)

// Mentions lists the accounts that a description or comment mentions as <@id>,
// each once, in the order of first mention, at most [MaxMentions]. A mentioned
// account need not exist and need not have access to the text.
func Mentions(text string) []uuid.UUID {
	var named []uuid.UUID
	for _, found := range mention.FindAllStringSubmatch(text, -1) {
		if len(named) == MaxMentions {
			break
		}
		if id, err := uuid.Parse(found[1]); err == nil && !slices.Contains(named, id) {
			named = append(named, id)
		}
	}
	return named
}

// NameMentions replaces each mention in the text with the result of name. The
// result is not escaped for HTML; the caller must do that.
func NameMentions(text string, name func(account uuid.UUID) string) string {
	return mention.ReplaceAllStringFunc(text, func(found string) string {
		id, err := uuid.Parse(found[len("<@") : len(found)-len(">")])
		if err != nil {
			return found
		}
		return name(id)
	})
}
