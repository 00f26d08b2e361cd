package stories

import (
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// spanCollector is a collector of spans for OTLP over HTTP.
type spanCollector struct {
	url   string
	mu    sync.Mutex
	spans []*otlp.Span
}

func startSpanCollector(t *testing.T) *spanCollector {
	t.Helper()
	c := &spanCollector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
			http.Error(w, "not spans", http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// of returns the spans of a trace by name.
func (c *spanCollector) of(trace string) map[string]*otlp.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]*otlp.Span{}
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) == trace {
			found[s.Name] = s
		}
	}
	return found
}

// pointing returns the spans that link to a trace.
func (c *spanCollector) pointing(trace string) (found []*otlp.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if slices.ContainsFunc(s.Links, func(l *otlp.Span_Link) bool { return hex.EncodeToString(l.TraceId) == trace }) {
			found = append(found, s)
		}
	}
	return found
}

func (c *spanCollector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, s := range c.spans {
		b.WriteString(s.String())
	}
	return b.String()
}

// TestOneTraceFromRequestToMail follows a request in the real program through
// the log into a mail and into the rows.
func TestOneTraceFromRequestToMail(t *testing.T) {
	t.Parallel()
	spans, mails := startSpanCollector(t), smtptest.Start(t, "")
	d := dockettest.Start(t, "--data", t.TempDir(), "--http", "127.0.0.1:0", "--smtp", mails.URL(), "--traces", spans.url)
	mina, jun := dockettest.Join(t, d, "Mina"), dockettest.Join(t, d, "Jun")
	junID := jun.Ask(200, "GET", "/api/v1/me", nil)["id"].(string)
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	mina.Ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})

	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Fix the tap", "assignees": []string{junID}},
		"traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
	mails.Wait(t, "jun@example.org", "Fix the tap")
	d.Stop() // sends the pending spans

	found := spans.of(trace)
	route := "POST /api/v1/projects/{id}/tasks"
	path := []string{route, "handle CreateTask", "append", "decide", "notice", "deliver", "mail"}
	parent := "00f067aa0ba902b7"
	for _, name := range path {
		s := found[name]
		if s == nil {
			t.Fatalf("no span %q in the trace, there are %q", name, slices.Sorted(maps.Keys(found)))
		}
		if got := hex.EncodeToString(s.ParentSpanId); got != parent {
			t.Errorf("%q hangs from %s, want %s", name, got, parent)
		}
		parent = hex.EncodeToString(s.SpanId)
		if time.Duration(s.EndTimeUnixNano-s.StartTimeUnixNano) < 0 || s.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR {
			t.Errorf("%q: %v", name, s)
		}
	}
	if len(found) != len(path) {
		t.Errorf("spans %q, want %q", slices.Sorted(maps.Keys(found)), path)
	}
	folds := spans.pointing(trace)
	if len(folds) != 1 || folds[0].Name != "fold" {
		t.Errorf("the rows' transaction does not point at the trace: %v", folds)
	}
	all := spans.text()
	for _, secret := range []string{"Mina", "Jun", "example.org", "Fix the tap", "Garden", mina.Token, junID} {
		if strings.Contains(all, secret) {
			t.Errorf("spans hold %q", secret)
		}
	}
}
