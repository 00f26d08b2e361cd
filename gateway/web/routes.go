package web

import (
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/web/assets"
)

// table lists every page and every form.
func (w *Web) table() map[string]Route {
	// A page contains people's names, whether it shows a result or an error; of
	// the answer to a form only the redirect is stored.
	const pages = idempotency.SecretAnswer | idempotency.SecretRefusal
	open := func(h handler) Route { return Route{w.page(h), access.Open, pages} }
	page := func(h handler) Route { return Route{w.page(h), access.SessionOnly, pages} }
	private := func(h handler) Route {
		return Route{w.page(h), access.SessionOnly, pages | idempotency.SecretRequest}
	}
	return map[string]Route{
		assets.Pattern:     {assets.Handler(Header), access.Open, 0},
		"GET /favicon.ico": {assets.IconHandler(Header), access.Open, 0},

		"GET /sign-in":           open(w.signInPage),
		"POST /sign-in":          open(w.signIn),
		"GET /sign-up":           open(w.signUpPage),
		"POST /sign-up":          open(w.signUp),
		"POST /sign-out":         page(w.signOut),
		"POST /look":             open(w.look),
		"GET /{$}":               page(w.home),
		"POST /projects":         page(w.createProject),
		"GET /projects/{id}":     page(w.board),
		"GET /my-work":           page(w.myWork),
		"GET /find":              page(w.find),
		"GET /status":            page(w.status),
		"GET /me":                page(w.profile),
		"POST /me":               private(w.changeProfile),
		"POST /me/erase":         private(w.erase),
		"GET /me/sessions":       page(w.sessions),
		"POST /me/sessions/{id}": page(w.revokeSession),
		"GET /me/tokens":         page(w.tokens),
		"POST /me/tokens":        private(w.createToken),
		"POST /me/tokens/{id}":   page(w.revokeToken),
		"POST /me/filters":       page(w.saveFilter),
		"POST /me/filters/{id}":  page(w.deleteFilter),

		"GET /projects/{id}/list":               page(w.list),
		"GET /projects/{id}/activity":           page(w.activity),
		"GET /projects/{id}/trash":              page(w.trash),
		"GET /projects/{id}/matches":            page(w.matches),
		"POST /projects/{id}/tasks":             page(w.quickAdd),
		"POST /projects/{id}/undo":              page(w.undoProject),
		"GET /projects/{id}/settings":           page(w.settings),
		"POST /projects/{id}/settings":          page(w.changeProject),
		"POST /projects/{id}/statuses":          page(w.changeStatuses),
		"POST /projects/{id}/members":           page(w.addMember),
		"POST /projects/{id}/members/{account}": page(w.changeMember),

		"GET /tasks/{id}":                     page(w.task),
		"POST /tasks/{id}":                    page(w.changeTask),
		"POST /tasks/{id}/delete":             page(w.deleteTask),
		"POST /tasks/{id}/restore":            page(w.restoreTask),
		"POST /tasks/{id}/undo":               page(w.undoTask),
		"POST /tasks/{id}/comments":           page(w.addComment),
		"POST /tasks/{id}/comments/{comment}": page(w.changeComment),
	}
}
