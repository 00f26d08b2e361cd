// Package shorthand owns the notation that replaces a form's fields: @person,
// !priority and a day in words. Adding tasks by lines, searching and writing
// comments share it.
//
// The package takes a word, and the people or the day by which to interpret it.
// It returns the person, priority or day that the word stands for. It keeps no
// state.
package shorthand
