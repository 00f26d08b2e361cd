// Package quickadd owns how a line of text becomes a task: @person, #label and
// !priority anywhere, a day among the last words, and the rest is the title.
//
// What enters: what was typed or pasted, the project's members and the day it is.
// What leaves: tasks as they were understood, each with the command that creates
// it. A line is never lost: what is not understood stays in the title.
package quickadd
