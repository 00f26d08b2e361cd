// Package gateway owns the HTTP server, where writing and reading meet.
//
// Input: requests. Result: answers, from package api for programs and from
// package web for people; and, for operators, liveness, readiness and metrics.
// Every request passes the same steps:
//
//	observe → headers → route → admit → body → repeated? → answer
//
// Its parts are packages of their own: access authenticates callers, problem
// describes refusals, idempotency stores answers for retries, feed delivers
// live updates, and service owns the operations. Two interfaces call service:
// api, for programs, and web, for people. This package joins them.
//
// After a crash: nothing is kept here. Answered writes are in the log, and
// unanswered requests can be retried.
package gateway
