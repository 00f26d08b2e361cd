// Package access owns authentication at the gateway: who sends a request, and
// whether that caller may use the route at all. Package commands decides what a
// caller may do with a project or a task.
//
// It also owns the bounds on every request: the rate limit, and the size and
// timeout of a body.
//
// Input: a request and the pattern of its route. Result: the request with its
// [Caller], or a problem. Access is denied by default: a route without a rule
// requires a session or a token; a token needs the scope read for GET and HEAD,
// and the scope write for every other method. Only a [Rule] opens a route.
package access
