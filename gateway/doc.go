// Package gateway owns HTTP: the one room where writing and reading meet.
//
// What enters: requests. What leaves: answers, of package api for programs and
// of package web for people; and for operators, whether the process lives, whether it is of use, and its
// figures. Every request walks the same way:
//
//	observe → headers → route → admit → body → repeated? → answer
//
// Its parts are packages of their own: access says who asks, problem how it is
// refused, idempotency what is remembered, feed what is told as it happens, and
// service what can be asked. The doors to that are api, for programs, and web, for
// people. This one joins them.
//
// What holds after a crash: nothing is kept here. What was answered is in the
// log, and what was not answered can be sent again.
package gateway
