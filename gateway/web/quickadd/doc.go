// Package quickadd owns how a line of text becomes a task: @person, #label and
// !priority anywhere, a day among the last words; the rest is the title.
//
// The package takes typed or pasted text, the project's members and the current
// day. It returns the parsed tasks, each with the command that creates it. No
// line is lost: words that are not recognized stay in the title.
package quickadd
