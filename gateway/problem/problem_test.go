package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

func TestEveryRejectionHasItsStatus(t *testing.T) {
	t.Parallel()
	want := map[commands.Code]int{
		commands.CodeInvalid: 422, commands.CodeNotFound: 404, commands.CodeForbidden: 403, commands.CodeRevision: 412, commands.CodeChanged: 409,
		commands.CodeArchived: 409, commands.CodeDeleted: 409, commands.CodeExists: 409, commands.CodeNotMember: 422,
		commands.CodeUnknownStatus: 422, commands.CodeLastOwner: 409, commands.CodeLimit: 422,
		commands.CodeCannotUndo: 409,
	}
	for _, code := range commands.Codes {
		p := From(fmt.Errorf("wrapped: %w", &commands.Rejection{Code: code, Message: "Because"}))
		if p.Status != want[code] || p.Code != Code(code) || p.Detail != "Because" || p.Type != "/problems/"+string(code) {
			t.Errorf("%s: %+v", code, p)
		}
	}
}

// TestEverySentinelIsKnown reads the sources of the other packages: a new
// sentinel needs a code, or must be listed here as a fault.
func TestEverySentinelIsKnown(t *testing.T) {
	t.Parallel()
	for room, known := range map[string]map[string]struct {
		err  error
		want Code
	}{
		"events": {
			"ErrConflict": {events.ErrConflict, Busy}, "ErrRefused": {events.ErrRefused, LogFull},
			"ErrUnsettled": {events.ErrUnsettled, Unsettled}, "ErrIncarnation": {events.ErrIncarnation, PositionGone},
			"ErrForked": {events.ErrForked, Internal}, "ErrMalformed": {events.ErrMalformed, Internal},
			"ErrUnknownType": {events.ErrUnknownType, Internal},
		},
		"commands": {"ErrBusy": {commands.ErrBusy, Busy}, "ErrDamaged": {commands.ErrDamaged, Damaged}},
		"accounts": {
			"ErrCredentials": {accounts.ErrCredentials, WrongCredentials}, "ErrUnauthenticated": {accounts.ErrUnauthenticated, Unauthenticated},
			"ErrTooManyAttempts": {accounts.ErrTooManyAttempts, TooManyAttempts}, "ErrNotFound": {accounts.ErrNotFound, NotFound},
			"ErrUnavailable": {accounts.ErrUnavailable, Unavailable},
		},
		"projections": {
			"ErrNotFound": {projections.ErrNotFound, NotFound}, "ErrStale": {projections.ErrStale, Stale},
			"ErrCursor": {projections.ErrCursor, UnknownCursor}, "ErrSort": {projections.ErrSort, Invalid},
			"ErrUnavailable": {projections.ErrUnavailable, Unavailable},
			// No request restores an earlier generation of rows.
			"ErrNothingKept": {projections.ErrNothingKept, Internal},
		},
	} {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(known)), sentinelsOf(t, room)); diff != "" {
			t.Errorf("sentinels of %s:\n%s", room, diff)
		}
		for name, k := range known {
			if got := From(fmt.Errorf("wrapped: %w", k.err)).Code; got != k.want {
				t.Errorf("%s.%s: %s, want %s", room, name, got, k.want)
			}
		}
	}
}

func sentinelsOf(t *testing.T, room string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("sources of %s: %v", room, err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name, object := range parsed.Scope.Objects {
			if object.Kind == ast.Var && strings.HasPrefix(name, "Err") && ast.IsExported(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryCodeIsComplete(t *testing.T) {
	t.Parallel()
	for _, code := range Codes() {
		p := New(code, "")
		if p.Status < 400 || p.Status > 599 || p.Title == "" || p.Detail == "" || code.Explain() == "" {
			t.Errorf("%s: %+v", code, p)
		}
		if p.Status == 503 && p.GetHeaders().Get("Retry-After") == "" {
			t.Errorf("%s: 503 without Retry-After", code)
		}
	}
	if p := New("no such code", ""); p.Code != Internal {
		t.Errorf("an unknown code is %s", p.Code)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	p := From(&commands.Rejection{Code: commands.CodeInvalid, Message: "No", Problems: []commands.Problem{
		{Field: "title", Message: "must not be empty"}, {Field: "due", Message: "must be a date"},
	}})
	if p.Detail != "title must not be empty; due must be a date" {
		t.Errorf("detail %q", p.Detail)
	}
	if diff := cmp.Diff([]Field{{In: "body", Field: "title", Message: "must not be empty"}, {In: "body", Field: "due", Message: "must be a date"}}, p.Errors); diff != "" {
		t.Error(diff)
	}
	p = From(accounts.Invalids{{Field: "idempotency_key", Message: "is long"}})
	if diff := cmp.Diff([]Field{{In: "header", Field: "Idempotency-Key", Message: "is long"}}, p.Errors); diff != "" {
		t.Error(diff)
	}
	p = From(fmt.Errorf("x: %w", &accounts.TooManyAttempts{RetryAfter: 1500 * time.Millisecond}))
	if got := p.GetHeaders().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q", got)
	}
	if got := From(context.DeadlineExceeded).Code; got != TimedOut {
		t.Errorf("a deadline is %s", got)
	}
	if p := From(errors.New("password hunter2")); p.Code != Internal || strings.Contains(p.Detail, "hunter2") {
		t.Errorf("a fault tells: %+v", p)
	}
	if From(nil) != nil {
		t.Error("nil is a problem")
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	New(UnknownMethod, "").Allow([]string{"GET", "HEAD"}).Write(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusMethodNotAllowed || p.Status != w.Code || w.Header().Get("Allow") != "GET, HEAD" || w.Header().Get("Content-Type") != ContentType {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestDamageIsForTheOperator answers a command about unreadable data: the
// caller receives a number and no cause, the log both.
func TestDamageIsForTheOperator(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	p := Of(slog.New(slog.NewTextHandler(&logged, nil)), fmt.Errorf("load: %w: %w", commands.ErrDamaged, events.ErrConflict))
	if p.Code != Damaged || p.Status != http.StatusServiceUnavailable || p.Instance == "" || strings.Contains(p.Detail, events.ErrConflict.Error()) {
		t.Errorf("%+v", p)
	}
	if !strings.Contains(logged.String(), p.Instance) || !strings.Contains(logged.String(), events.ErrConflict.Error()) {
		t.Errorf("logged %q", logged.String())
	}
}
