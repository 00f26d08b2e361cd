package operations_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
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

// TestChecksAreShared sends many requests at once: a check runs once for all of
// them, and is not ended by a request that ends.
func TestChecksAreShared(t *testing.T) {
	t.Parallel()
	var checks atomic.Int32
	begun, answer := make(chan struct{}), make(chan struct{})
	handler := operations.Server(operations.Options{Ready: map[string]operations.Check{"/readyz": func(ctx context.Context) []operations.Shortcoming {
		if checks.Add(1) == 1 {
			close(begun)
			<-answer
		}
		if ctx.Err() != nil {
			return []operations.Shortcoming{{Part: "context", Reason: ctx.Err().Error()}}
		}
		return nil
	}}}).Handler
	ctx, leave := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	ask := func(ctx context.Context) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/readyz", nil))
		if w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	asking.Go(func() { ask(ctx) })
	<-begun
	for range 500 {
		asking.Go(func() { ask(t.Context()) })
	}
	leave()
	close(answer)
	asking.Wait()
	// One more for each time that the result became too old meanwhile.
	if n := checks.Load(); n > 100 {
		t.Errorf("%d checks for 501 requests", n)
	}
}
