// Package markdown owns how descriptions and comments are shown and edited: as
// Markdown with mentions of people.
//
// What enters: text as people write it (@name), or as the log holds it, where a
// mention is an account's id. What leaves: the other of the two, or HTML. Whatever
// the text is, the HTML runs no script, loads nothing and has no ids, and its only
// class is that of mentions.
package markdown
