package events

import (
	"regexp"
	"slices"

	"github.com/google/uuid"
)

// MaxMentions is how many people one text can name to effect. It bounds what a
// single event makes of work for others.
const MaxMentions = 100

// mention is a person in a text, by id: the log holds no names. Anything else
// between the brackets is text like any other.
var mention = regexp.MustCompile(`<@([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})>`)

// Mentions lists the accounts that a description or comment names as <@id>, each
// once, in the order in which they are first named, at most [MaxMentions]. That
// somebody is named says neither that the account exists nor that it may read
// the text.
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

// NameMentions is the text with what name gives in the place of each mention,
// as it is: whoever writes it into HTML escapes the whole.
func NameMentions(text string, name func(account uuid.UUID) string) string {
	return mention.ReplaceAllStringFunc(text, func(found string) string {
		id, err := uuid.Parse(found[len("<@") : len(found)-len(">")])
		if err != nil {
			return found
		}
		return name(id)
	})
}
