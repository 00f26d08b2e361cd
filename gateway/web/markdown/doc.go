// Package markdown owns how descriptions and comments are displayed and edited:
// as Markdown with mentions of people.
//
// The package takes text as people write it (@name), or as the log stores it,
// where a mention is an account's id. It returns the other of the two forms, or
// HTML. Whatever the text, the HTML runs no script, loads nothing and has no
// ids, and its only class is that of mentions.
package markdown
