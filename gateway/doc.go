// Package gateway owns HTTP: the one room where writing and reading meet.
//
// What enters: requests. What leaves: answers, of package api for programs; and
// for operators, whether the process lives, whether it is of use, and its
// figures. Every request walks the same way:
//
//	observe → headers → route → admit → body → repeated? → answer
//
// Its parts are packages of their own: access is the door, problem how it says
// no, idempotency what it remembers, feed what it tells as it happens, api what
// can be asked. This one joins them.
//
// What holds after a crash: nothing is kept here. What was answered is in the
// log, and what was not answered can be sent again.
package gateway
