package gateway_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/problem"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// operation is one operation of the OpenAPI document.
type operation struct {
	method, path string
	m
}

func (o operation) String() string { return o.method + " " + o.path }

func operations(t testing.TB, h *house) (document m, all []operation) {
	t.Helper()
	if err := json.Unmarshal(h.gateway.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	for path, item := range document["paths"].(m) {
		for method, op := range item.(m) {
			all = append(all, operation{strings.ToUpper(method), path, op.(m)})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return document, all
}

// TestRoutes compares the routes with the list clients rely on, so that none is
// removed or added by accident.
func TestRoutes(t *testing.T) {
	t.Parallel()
	_, all := operations(t, open(t))
	var b bytes.Buffer
	for _, o := range all {
		fmt.Fprintf(&b, "%-6s %s\n", o.method, o.path)
	}
	golden := filepath.Join("testdata", "routes.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("routes differ from %s; go test -update writes it:\n%s", golden, diff)
	}
}

func TestOpenAPIDocument(t *testing.T) {
	t.Parallel()
	h := open(t)
	nobody := &person{h: h}
	served := nobody.get("/openapi.json").want(200)
	if !bytes.Equal(served.body, h.gateway.OpenAPI()) {
		t.Error("/openapi.json is not the document")
	}
	document, all := operations(t, h)
	if v := document["openapi"].(string); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("openapi %q", v)
	}
	schemas := document["components"].(m)["schemas"].(m)
	each(document, func(key string, value any) {
		if key != "$ref" {
			return
		}
		name, ok := strings.CutPrefix(value.(string), "#/components/schemas/")
		if _, there := schemas[name]; !ok || !there {
			t.Errorf("%v leads nowhere", value)
		}
	})
	ids := map[string]bool{}
	for _, o := range all {
		id, _ := o.m["operationId"].(string)
		if id == "" || ids[id] {
			t.Errorf("%s: operationId %q", o, id)
		}
		ids[id] = true
		if o.m["summary"] == "" || o.m["tags"] == nil || o.m["security"] == nil {
			t.Errorf("%s: no summary, tag or security", o)
		}
		good := false
		for status, response := range o.m["responses"].(m) {
			content, _ := response.(m)["content"].(m)
			switch code, err := strconv.Atoi(status); {
			case err != nil:
				t.Errorf("%s: response %q", o, status)
			case code == 204 || code == 304:
				good = good || code == 204
			case code < 300:
				good = true
				if len(content) == 0 {
					t.Errorf("%s: %s says nothing of its body", o, status)
				}
				for kind, media := range content {
					if media.(m)["schema"] == nil {
						t.Errorf("%s: %s %s has no schema", o, status, kind)
					}
				}
			default:
				schema, _ := content["application/problem+json"].(m)["schema"].(m)
				if schema["$ref"] != "#/components/schemas/Problem" {
					t.Errorf("%s: %s is no problem: %v", o, status, response)
				}
			}
		}
		if !good {
			t.Errorf("%s: no success", o)
		}
		for _, status := range []string{"422", "500", "503"} {
			if o.m["responses"].(m)[status] == nil {
				t.Errorf("%s: %s is not documented", o, status)
			}
		}
		headers := map[string]bool{}
		parameters, _ := o.m["parameters"].([]any)
		for _, p := range parameters {
			if p.(m)["in"] == "header" {
				headers[p.(m)["name"].(string)] = true
			}
		}
		if o.method == http.MethodGet != !headers["Idempotency-Key"] {
			t.Errorf("%s: Idempotency-Key documented: %t", o, headers["Idempotency-Key"])
		}
	}
}

// TestDocumentedLimits compares the limits in the document with those the
// commands enforce.
func TestDocumentedLimits(t *testing.T) {
	t.Parallel()
	h := open(t)
	document, _ := operations(t, h)
	schemas := document["components"].(m)["schemas"].(m)
	for _, c := range []struct {
		schema, field, limit string
		want                 int
	}{
		{"NewTask", "title", "maxLength", commands.MaxTitle},
		{"TaskPatch", "title", "maxLength", commands.MaxTitle},
		{"NewTask", "description", "maxLength", commands.MaxDescription},
		{"TaskPatch", "description", "maxLength", commands.MaxDescription},
		{"NewTask", "labels", "maxItems", commands.MaxLabels},
		{"TaskPatch", "labels", "maxItems", commands.MaxLabels},
		{"NewTask", "assignees", "maxItems", commands.MaxAssignees},
		{"TaskPatch", "assignees", "maxItems", commands.MaxAssignees},
		{"NewTask", "rank", "maxLength", commands.MaxRank},
		{"NewProject", "name", "maxLength", commands.MaxProjectName},
		{"ProjectPatch", "name", "maxLength", commands.MaxProjectName},
		{"NewProject", "statuses", "maxItems", commands.MaxStatuses},
		{"CommentPatch", "text", "maxLength", commands.MaxComment},
		{"CommentText", "text", "maxLength", commands.MaxComment},
		{"NewFilter", "name", "maxLength", accounts.MaxFilterName},
		{"NewFilter", "query", "maxLength", accounts.MaxFilterQuery},
		{"NewAccount", "name", "maxLength", accounts.MaxName},
		{"NewAccount", "email", "maxLength", accounts.MaxEmail},
		{"NewAccount", "password", "maxLength", accounts.MaxPassword},
	} {
		got := schemas[c.schema].(m)["properties"].(m)[c.field].(m)[c.limit]
		if got != float64(c.want) {
			t.Errorf("%s.%s: %s %v, want %d", c.schema, c.field, c.limit, got, c.want)
		}
	}
}

// archaic lists the words that no text for API clients contains.
var archaic = regexp.MustCompile(`(?i)\b(whoever|somebody|nobody|anew|shall|lest|whence|patience|meanwhile|let in|take off|comes to nothing|of its own|there is no such|is told|my|I)\b`)

// TestTextsArePlain checks every text of the OpenAPI document and of the
// problems.
func TestTextsArePlain(t *testing.T) {
	t.Parallel()
	document, all := operations(t, open(t))
	each(document, func(key string, value any) {
		if text, ok := value.(string); ok && (key == "summary" || key == "description") {
			if found := archaic.FindString(text); found != "" {
				t.Errorf("%q contains %q", text, found)
			}
		}
	})
	for _, o := range all {
		if summary := o.m["summary"].(string); strings.HasSuffix(summary, ".") || summary[:1] != strings.ToUpper(summary[:1]) {
			t.Errorf("%s: summary %q is not in sentence case", o, summary)
		}
	}
	for _, code := range problem.Codes() {
		text := code.Explain()
		if found := archaic.FindString(text); found != "" || !strings.HasSuffix(text, ".\n") {
			t.Errorf("%s: %q contains %q or lacks a full stop", code, text, found)
		}
	}
}

func each(v any, f func(key string, value any)) {
	switch v := v.(type) {
	case m:
		for key, value := range v {
			f(key, value)
			each(value, f)
		}
	case []any:
		for _, value := range v {
			each(value, f)
		}
	}
}
