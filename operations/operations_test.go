package operations_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/operations"
)

// TestAnswers requests the routes of a process that is ready in one part and
// not in another.
func TestAnswers(t *testing.T) {
	t.Parallel()
	var logged testkit.Buffer
	server := httptest.NewServer(operations.Server(operations.Options{
		Ready: map[string]operations.Check{
			"/readyz": func(ctx context.Context) []operations.Shortcoming {
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("a check may take for ever")
				}
				return []operations.Shortcoming{{Part: "rows", Reason: "cannot be served", Err: errors.New("no route to 10.0.0.7")}}
			},
			"/readyz/commands": func(context.Context) []operations.Shortcoming { return nil },
		},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "docket_up 1") }),
		Logger:  slog.New(slog.NewTextHandler(&logged, nil)),
	}).Handler)
	defer server.Close()
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/healthz":         {200, `{"status":"ok"}`},
		"/readyz":          {503, `{"status":"not ready","reasons":{"rows":"cannot be served"}}`},
		"/readyz/commands": {200, `{"status":"ready"}`},
		"/metrics":         {200, "docket_up 1"},
		"/":                {404, ""},
	} {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want.status || want.body != "" && strings.TrimSpace(string(body)) != want.body {
			t.Errorf("%s: %d %s, %v", path, answer.StatusCode, body, err)
		}
	}
	if !strings.Contains(logged.String(), "no route to 10.0.0.7") {
		t.Errorf("the log does not have the error: %s", logged.String())
	}
}
