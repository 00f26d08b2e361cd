// Package access owns the gateway's door: who asks, and whether who asks may
// use the route at all. What they may do with a project or a task is decided
// elsewhere, in package commands.
//
// It also owns what every request is bounded by: how many may come, and how
// large and slow a body may be.
//
// What enters: a request and the pattern of the route it is for. What leaves:
// the request with its [Caller], or a problem. The door is closed by default: a
// route of which nothing is said takes a session or a token, and a token takes
// the scope read for GET and HEAD and the scope write for everything else. A
// route can only be opened by its [Rule].
package access
