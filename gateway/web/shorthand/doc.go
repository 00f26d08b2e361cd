// Package shorthand owns what people write in place of a form's fields: @person,
// !priority and a day in words. Adding tasks by lines, searching and writing
// comments read it alike.
//
// What enters: a word, and the people or the day it is read by. What leaves: the
// person, priority or day it stands for. Nothing is kept.
package shorthand
