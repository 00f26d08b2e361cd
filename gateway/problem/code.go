package problem

import (
	"net/http"
	"slices"

	"github.com/docketlog/docket/commands"
)

// Code is the kind of a problem; the set is closed.
type Code string

// The codes beside those of package commands.
const (
	// The request itself.
	MalformedBody   Code = "malformed_body"
	BodyTooLarge    Code = "body_too_large"
	BodyTooSlow     Code = "body_too_slow"
	MediaType       Code = "unsupported_media_type"
	UnknownRoute    Code = "unknown_route"
	UnknownMethod   Code = "method_not_allowed"
	UnknownCursor   Code = "unknown_cursor"
	KeyReused       Code = "idempotency_key_reused"
	PositionGone    Code = "position_gone"
	TooManyFeeds    Code = "too_many_feeds"
	TooManyAttempts Code = "too_many_attempts"
	TooManyRequests Code = "too_many_requests"

	// The caller.
	Unauthenticated  Code = "unauthenticated"
	WrongCredentials Code = "wrong_credentials"
	MissingScope     Code = "missing_scope"
	SessionRequired  Code = "session_required"
	CrossOrigin      Code = "cross_origin"

	// The service.
	Busy        Code = "busy"
	Damaged     Code = "damaged"
	Unsettled   Code = "unsettled"
	Stale       Code = "stale"
	Unavailable Code = "unavailable"
	LogFull     Code = "log_full"
	TimedOut    Code = "timed_out"
	Internal    Code = "internal"
)

// The codes of package commands, used unchanged.
const (
	Invalid   = Code(commands.CodeInvalid)
	NotFound  = Code(commands.CodeNotFound)
	LastOwner = Code(commands.CodeLastOwner)
)

// kind holds what all problems of a code have in common.
type kind struct {
	status int
	title  string
	// advice tells the reader what to do; the document at the problem's type
	// contains it.
	advice string
	// retryAfter is in seconds; 0 means no Retry-After.
	retryAfter int
}

// kinds is the only table from codes to statuses.
var kinds = map[Code]kind{
	Invalid:                          {422, "Invalid request", "Correct the fields listed in errors. Nothing was written.", 0},
	NotFound:                         {404, "Not found", "The resource does not exist or you have no access to it.", 0},
	Code(commands.CodeForbidden):     {403, "Permission denied", "Your role does not allow this. Ask a project owner for a role that does.", 0},
	Code(commands.CodeRevision):      {412, "Revision mismatch", "The resource has changed. Read it again, check your change against the current state, and send the new ETag as If-Match.", 0},
	Code(commands.CodeChanged):       {409, "Conflicting change", "The fields listed in errors have been changed since you saw them. Read the resource again, check your change against the current values, and send those as seen.", 0},
	Code(commands.CodeArchived):      {409, "Archived project", "The project is archived. An owner can unarchive it: PATCH the project with archived set to false.", 0},
	Code(commands.CodeDeleted):       {409, "Deleted task", "The task is in the trash. Restore it first: POST /api/v1/tasks/{id}/restore.", 0},
	Code(commands.CodeExists):        {409, "Already exists", "Change the existing resource instead of adding it.", 0},
	Code(commands.CodeLastOwner):     {409, "Last owner", "A project needs an owner. Make another member an owner first.", 0},
	Code(commands.CodeCannotUndo):    {409, "Undo not possible", "No command reverts this change.", 0},
	Code(commands.CodeNotMember):     {422, "Not a project member", "Add the account to the project first.", 0},
	Code(commands.CodeUnknownStatus): {422, "Unknown status", "Use the key of one of the project's statuses.", 0},
	Code(commands.CodeLimit):         {422, "Limit reached", "Remove something first.", 0},

	MalformedBody:   {400, "Malformed request body", "Send one JSON value in UTF-8.", 0},
	BodyTooLarge:    {413, "Request body too large", "Send a smaller request body.", 0},
	BodyTooSlow:     {408, "Request body timeout", "The request body did not arrive in time. Send it without pauses.", 0},
	MediaType:       {415, "Unsupported media type", "Send application/json or, with PATCH, application/merge-patch+json.", 0},
	UnknownRoute:    {404, "Unknown route", "All routes are listed in /openapi.json.", 0},
	UnknownMethod:   {405, "Method not allowed", "The Allow header lists the methods that this route accepts.", 0},
	UnknownCursor:   {422, "Invalid cursor", "Send the next of the previous page, with the same filters and sort, or start without a cursor.", 0},
	KeyReused:       {422, "Idempotency key reused", "This Idempotency-Key was used for a different request. Use a new key for each new request.", 0},
	PositionGone:    {410, "Position of another log", "The log has been recreated or restored. Start again without a position.", 0},
	TooManyFeeds:    {429, "Too many open feeds", "Close one first. A single feed can cover all your projects.", 10},
	TooManyRequests: {429, "Too many requests", "Wait for the time given in Retry-After. To send fewer requests, read lists in larger pages, read a board in one request, and follow the feed instead of polling.", 1},
	TooManyAttempts: {429, "Too many attempts", "Wait for the time given in Retry-After.", 60},

	Unauthenticated:  {401, "Authentication required", "Send the secret of a session or API token: Authorization: Bearer <token>.", 0},
	WrongCredentials: {401, "Wrong email or password", "Check the email address and the password.", 0},
	MissingScope:     {403, "Insufficient token scope", "GET and HEAD require the scope read, all other methods the scope write.", 0},
	SessionRequired:  {403, "Session required", "Sign in with email and password. API tokens cannot manage the account, its sessions or its tokens.", 0},
	CrossOrigin:      {403, "Cross-origin request refused", "Requests with the session cookie must come from Docket's own pages. Other programs must send a token.", 0},

	Busy:        {503, "Too many concurrent changes", "Nothing was written. Try again.", 1},
	Damaged:     {503, "Unreadable data", "Nothing was written. The log of this project or task contains data that cannot be read, so it accepts no changes until the operator resolves this. Everything else is unaffected.", 60},
	Unsettled:   {503, "Unknown outcome", "The request may or may not have taken effect. Send it again with the same Idempotency-Key: it takes effect exactly once.", 1},
	Stale:       {503, "Data not up to date", "The database is behind the log. Nothing is lost. Try again, or read without Docket-Position.", 1},
	Unavailable: {503, "Service unavailable", "Try again; send writes with the same Idempotency-Key.", 2},
	LogFull:     {507, "Change refused by the log", "Nothing was written: the change is too large, or the log is full. Contact the operator.", 0},
	TimedOut:    {503, "Request timeout", "Try again; send writes with the same Idempotency-Key.", 2},
	Internal:    {500, "Internal server error", "Report the number in instance to the operator.", 0},
}

// Codes lists every code once, in order.
func Codes() []Code {
	all := make([]Code, 0, len(kinds))
	for code := range kinds {
		all = append(all, code)
	}
	slices.Sort(all)
	return all
}

// Status returns the HTTP status of the code.
func (c Code) Status() int {
	if k, ok := kinds[c]; ok {
		return k.status
	}
	return http.StatusInternalServerError
}

// Type returns the URI reference that identifies the code, relative to the
// gateway, which serves its explanation there.
func (c Code) Type() string { return TypePath + string(c) }

// TypePath is the prefix of every [Code.Type].
const TypePath = "/problems/"

// Explain returns the document at the code's type, "" for an unknown code.
func (c Code) Explain() string {
	k, ok := kinds[c]
	if !ok {
		return ""
	}
	return k.title + ".\n\n" + k.advice + "\n"
}
