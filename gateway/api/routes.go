package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
)

const (
	get    = http.MethodGet
	post   = http.MethodPost
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

const feedPath = "/api/v1/feed"

// Endless is the pattern of the only route whose answer has no end.
const Endless = get + " " + feedPath

// route is one line of the table. A route without rule and secrecy requires a
// caller with the scope of its method, and neither contains a secret nor names
// a person.
type route struct {
	method, path string
	id           string // of the operation
	summary      string
	status       int // of a success
	tag          string
	register     func(huma.API, huma.Operation)
	rule         access.Rule
	secrecy      idempotency.Secrecy
}

func (r route) pattern() string { return r.method + " " + r.path }

// table returns all routes.
func (a *API) table() []route {
	const (
		acc, pro, tas = "accounts", "projects", "tasks"
		open, session = access.Open, access.SessionOnly
		entered       = idempotency.SecretRequest
		shown         = idempotency.SecretAnswer
		names         = idempotency.SecretAnswer
	)
	return []route{
		{post, "/api/v1/accounts", "register", "Create an account", 202, acc, on(a, a.register), open, shown},
		{post, "/api/v1/sessions", "sign-in", "Sign in", 201, acc, on(a, a.signIn), open, shown},
		{remove, "/api/v1/sessions/current", "sign-out", "Sign out", 204, acc, on(a, a.signOut), session, 0},

		{get, "/api/v1/me", "get-me", "Get the caller's account", 200, acc, on(a, a.me), 0, 0},
		{patch, "/api/v1/me", "change-me", "Change the caller's name, email or password", 200, acc, on(a, a.changeMe), session, entered | names},
		{remove, "/api/v1/me", "erase-me", "Erase the caller's account permanently", 204, acc, on(a, a.eraseMe), session, entered},
		{get, "/api/v1/me/tasks", "list-my-tasks", "List tasks assigned to the caller, across projects", 200, tas, on(a, a.myTasks), 0, 0},
		{get, "/api/v1/me/filters", "list-filters", "List the caller's saved filters, by name", 200, tas, on(a, a.filters), 0, 0},
		{post, "/api/v1/me/filters", "save-filter", "Save a filter, replacing one with the same name", 201, tas, on(a, a.saveFilter), 0, names},
		{remove, "/api/v1/me/filters/{id}", "delete-filter", "Delete a saved filter", 204, tas, on(a, a.deleteFilter), 0, 0},
		{get, "/api/v1/me/sessions", "list-sessions", "List the caller's sessions", 200, acc, on(a, a.sessions), session, 0},
		{remove, "/api/v1/me/sessions/{id}", "revoke-session", "Revoke a session", 204, acc, on(a, a.revokeSession), session, 0},
		{get, "/api/v1/me/tokens", "list-tokens", "List the caller's API tokens", 200, acc, on(a, a.tokens), session, 0},
		{post, "/api/v1/me/tokens", "create-token", "Create an API token", 201, acc, on(a, a.createToken), session, shown},
		{remove, "/api/v1/me/tokens/{id}", "revoke-token", "Revoke an API token", 204, acc, on(a, a.revokeToken), session, 0},

		{get, "/api/v1/projects", "list-projects", "List the caller's projects", 200, pro, on(a, a.projects), 0, 0},
		{post, "/api/v1/projects", "create-project", "Create a project", 201, pro, on(a, a.createProject), 0, 0},
		{get, "/api/v1/projects/{id}", "get-project", "Get a project", 200, pro, on(a, a.project), 0, 0},
		{patch, "/api/v1/projects/{id}", "change-project", "Change the name or statuses, archive or unarchive a project", 200, pro, on(a, a.changeProject), 0, 0},
		{post, "/api/v1/projects/{id}/undo", "undo-project", "Undo a change to a project", 200, pro, on(a, a.undoProject), 0, 0},
		{get, "/api/v1/projects/{id}/board", "get-board", "Get a board, with its tasks in rank order", 200, pro, on(a, a.board), 0, 0},
		{get, "/api/v1/projects/{id}/history", "list-project-history", "List the history of a project, newest first", 200, pro, on(a, a.projectHistory), 0, 0},
		{get, "/api/v1/projects/{id}/labels", "list-labels", "List labels of a project, most used first", 200, pro, on(a, a.labels), 0, 0},
		{get, "/api/v1/projects/{id}/members", "list-members", "List members of a project, with their names", 200, pro, on(a, a.members), 0, 0},
		{post, "/api/v1/projects/{id}/members", "add-member", "Add a member", 201, pro, on(a, a.addMember), 0, names},
		{patch, "/api/v1/projects/{id}/members/{account}", "change-member", "Change a member's role", 200, pro, on(a, a.changeMember), 0, names},
		{remove, "/api/v1/projects/{id}/members/{account}", "remove-member", "Remove a member, or leave the project", 204, pro, on(a, a.removeMember), 0, 0},
		{get, "/api/v1/projects/{id}/tasks", "list-tasks", "List tasks of a project", 200, tas, on(a, a.tasks), 0, 0},
		{post, "/api/v1/projects/{id}/tasks", "create-task", "Create a task", 201, tas, on(a, a.createTask), 0, 0},

		{get, "/api/v1/tasks", "list-all-tasks", "List tasks across projects, most recently updated first", 200, tas, on(a, a.allTasks), 0, 0},
		{get, "/api/v1/tasks/{id}", "get-task", "Get a task", 200, tas, on(a, a.task), 0, 0},
		{patch, "/api/v1/tasks/{id}", "change-task", "Edit, move or assign a task", 200, tas, on(a, a.changeTask), 0, 0},
		{remove, "/api/v1/tasks/{id}", "delete-task", "Move a task to the trash", 200, tas, on(a, a.deleteTask), 0, 0},
		{post, "/api/v1/tasks/{id}/restore", "restore-task", "Restore a task from the trash", 200, tas, on(a, a.restoreTask), 0, 0},
		{post, "/api/v1/tasks/{id}/undo", "undo-task", "Undo a change to a task", 200, tas, on(a, a.undoTask), 0, 0},
		{put, "/api/v1/tasks/{id}/assignees/{account}", "assign", "Assign a member to a task", 200, tas, on(a, a.assign), 0, 0},
		{remove, "/api/v1/tasks/{id}/assignees/{account}", "unassign", "Unassign a member from a task", 200, tas, on(a, a.unassign), 0, 0},
		{get, "/api/v1/tasks/{id}/comments", "list-comments", "List comments, oldest first", 200, tas, on(a, a.comments), 0, 0},
		{post, "/api/v1/tasks/{id}/comments", "add-comment", "Add a comment", 201, tas, on(a, a.addComment), 0, 0},
		{patch, "/api/v1/tasks/{id}/comments/{comment}", "edit-comment", "Edit a comment", 200, tas, on(a, a.editComment), 0, 0},
		{remove, "/api/v1/tasks/{id}/comments/{comment}", "delete-comment", "Delete a comment", 204, tas, on(a, a.deleteComment), 0, 0},
		{get, "/api/v1/tasks/{id}/history", "list-task-history", "List the history of a task, newest first", 200, tas, on(a, a.history), 0, 0},

		{get, feedPath, "follow", "Stream events visible to the caller (SSE)", 200, "feed", on(a, a.feed), 0, 0},
	}
}

// on registers a handler for its route.
func on[I, O any](a *API, handle func(context.Context, *I) (*O, error)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		huma.Register(h, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := handle(ctx, in)
			if err != nil {
				return nil, a.fault(err)
			}
			return out, nil
		})
	}
}

// operation describes a route to huma.
func (a *API) operation(r route) huma.Operation {
	op := huma.Operation{
		Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary, Tags: []string{r.tag},
		DefaultStatus: r.status, MaxBodyBytes: access.MaxBody + 1,
		// The gateway has read the body and set its deadline; huma must set none.
		BodyReadTimeout: -1,
		Responses:       a.failures(r),
	}
	if r.rule == access.Open {
		op.Security = []map[string][]string{}
	} else {
		op.Security = []map[string][]string{{"token": {}}, {"cookie": {}}}
	}
	if r.rule == access.SessionOnly {
		op.Description = "Requires a session; API tokens are not accepted."
	}
	return op
}

// failures documents the problems that routes of this kind can return.
func (a *API) failures(r route) map[string]*huma.Response {
	statuses := []int{422, 429, 500, 503}
	if r.rule == access.Open {
		statuses = append(statuses, 401)
	} else {
		statuses = append(statuses, 401, 403)
	}
	if r.method == get {
		statuses = append(statuses, 404, 410)
	} else {
		statuses = append(statuses, 400, 403, 404, 409, 412, 413, 415, 507)
	}
	responses := make(map[string]*huma.Response, len(statuses))
	for _, status := range statuses {
		responses[statusText(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}},
		}
	}
	if r.id == "get-task" || r.id == "get-project" {
		responses["304"] = &huma.Response{Description: "The resource still has the ETag sent as If-None-Match."}
	}
	if r.pattern() == Endless {
		responses["200"] = feedResponse(a.huma.OpenAPI().Components.Schemas)
	}
	return responses
}
