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
	Invalid:                          {422, "The request is not valid", "Correct the fields named under errors. Nothing was written.", 0},
	NotFound:                         {404, "Not found", "There is no such thing, or you may not know of it. The two are one answer.", 0},
	Code(commands.CodeForbidden):     {403, "Not allowed", "You may see this and not do it. An owner of the project can give you the role it takes.", 0},
	Code(commands.CodeRevision):      {412, "It has changed meanwhile", "Read it again, decide again, and send the new ETag as If-Match.", 0},
	Code(commands.CodeChanged):       {409, "Changed meanwhile", "Somebody else has changed the fields named under errors since you saw them. Read it again, decide again, and send what you see as seen.", 0},
	Code(commands.CodeArchived):      {409, "The project is archived", "An owner can bring it back: PATCH the project with archived false.", 0},
	Code(commands.CodeDeleted):       {409, "The task is in the trash", "Restore it first: POST its restore.", 0},
	Code(commands.CodeExists):        {409, "It exists already", "Change what is there instead of adding it.", 0},
	Code(commands.CodeLastOwner):     {409, "A project needs an owner", "Make somebody else an owner first.", 0},
	Code(commands.CodeCannotUndo):    {409, "It cannot be undone", "There is no command that takes it back.", 0},
	Code(commands.CodeNotMember):     {422, "Not a member of the project", "Add the account to the project first.", 0},
	Code(commands.CodeUnknownStatus): {422, "The board has no such status", "Use the key of one of the project's statuses.", 0},
	Code(commands.CodeLimit):         {422, "A limit is reached", "Remove something first.", 0},

	MalformedBody:   {400, "The body cannot be read", "Send one JSON value in UTF-8.", 0},
	BodyTooLarge:    {413, "The body is too large", "Send a smaller body.", 0},
	BodyTooSlow:     {408, "The body did not arrive", "Send the body without pauses.", 0},
	MediaType:       {415, "Unsupported media type", "Send application/json or, to PATCH, application/merge-patch+json.", 0},
	UnknownRoute:    {404, "No such route", "The routes are listed in /openapi.json.", 0},
	UnknownMethod:   {405, "Method not allowed", "The header Allow lists the methods of this route.", 0},
	UnknownCursor:   {422, "The cursor is not of this list", "Send next of the page before, with the same filters and sort; or begin without a cursor.", 0},
	KeyReused:       {422, "The Idempotency-Key belongs to another request", "Use a new key for each new request.", 0},
	PositionGone:    {410, "The position is of another log", "Begin again without a position: the log was made anew or restored.", 0},
	TooManyFeeds:    {429, "Too many open feeds", "Close one first; one feed carries all your projects.", 10},
	TooManyRequests: {429, "Too many requests", "Wait for the time given in Retry-After. Many reads can be one: lists have pages, a board is one request, a feed tells what happens.", 1},
	TooManyAttempts: {429, "Too many attempts", "Wait for the time given in Retry-After.", 60},

	Unauthenticated:  {401, "Sign in first", "Send the token of a session or an API token: Authorization: Bearer <token>.", 0},
	WrongCredentials: {401, "Address or password is wrong", "Check both.", 0},
	MissingScope:     {403, "The token has not the scope", "Reading takes the scope read, everything else the scope write.", 0},
	SessionRequired:  {403, "A session is required", "Sign in with address and password: an API token may not manage the account, its sessions or its tokens.", 0},
	CrossOrigin:      {403, "Cross-origin request refused", "Requests that carry the session cookie must come from Docket's own pages; other programs send a token.", 0},

	Busy:        {503, "Too many changes at once", "Nothing was written. Try again.", 1},
	Damaged:     {503, "The log holds what cannot be read", "This project or task takes no changes until the operator has looked at it; nothing was written, and everything else goes on.", 60},
	Unsettled:   {503, "The outcome is not known", "Send it again with the same Idempotency-Key: it will happen once, whether or not it has.", 1},
	Stale:       {503, "The rows are behind", "Nothing is lost. Try again, or read without Docket-Position.", 1},
	Unavailable: {503, "The service is not available", "Try again; writes with the same Idempotency-Key.", 2},
	LogFull:     {507, "The log cannot take it", "Nothing was written. Tell the operator.", 0},
	TimedOut:    {503, "It took too long", "Try again; writes with the same Idempotency-Key.", 2},
	Internal:    {500, "Docket made a mistake", "Tell the operator the number given as instance.", 0},
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
