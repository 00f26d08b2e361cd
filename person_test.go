package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
)

// person speaks to the API.
type person struct {
	t        testing.TB
	d        *docket
	token    string
	position string // of the last answer, sent with the next request
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// try sends a request and fails only with the error of the connection.
func (p *person) try(ctx context.Context, method, path string, body any, header ...string) (answer, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.d.url+path, in)
	if err != nil {
		panic(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	if p.position != "" {
		r.Header.Set("Docket-Position", p.position)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	if at := response.Header.Get("Docket-Position"); at != "" {
		p.position = at
	}
	return answer{response.StatusCode, response.Header, text}, nil
}

// ask sends a request and wants the given status.
func (p *person) ask(want int, method, path string, body any, header ...string) map[string]any {
	p.t.Helper()
	a, err := p.try(p.t.Context(), method, path, body, header...)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	if method == http.MethodGet && a.status == http.StatusServiceUnavailable && want != a.status {
		// What only reads and may be tried later is tried again.
		testkit.Eventually(p.t, fmt.Sprintf("%s %s: status %d", method, path, want), func() (string, bool) {
			a, err = p.try(p.t.Context(), method, path, body, header...)
			return fmt.Sprintf("%v, status %d: %s", err, a.status, a.body), err == nil && a.status != http.StatusServiceUnavailable
		})
	}
	if a.status != want {
		p.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, want, a.body)
	}
	var out map[string]any
	if len(a.body) > 0 {
		if err := json.Unmarshal(a.body, &out); err != nil {
			p.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return out
}

func items(t testing.TB, answer map[string]any) []map[string]any {
	t.Helper()
	list, ok := answer["items"].([]any)
	if !ok {
		t.Fatalf("no items in %v", answer)
	}
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i] = list[i].(map[string]any)
	}
	return out
}

// join registers somebody and signs them in.
func join(t testing.TB, d *docket, name string) *person {
	t.Helper()
	p := &person{t: t, d: d}
	email, password := strings.ToLower(name)+"@example.org", "correct horse "+name
	p.ask(http.StatusAccepted, "POST", "/api/v1/accounts", map[string]any{"email": email, "name": name, "password": password})
	session := p.ask(http.StatusCreated, "POST", "/api/v1/sessions", map[string]any{"email": email, "password": password})
	p.token = session["token"].(string)
	return p
}

// enter signs in with a password that was chosen at join.
func enter(t *testing.T, d *docket, name string) *person {
	t.Helper()
	p := &person{t: t, d: d}
	p.token = p.ask(201, "POST", "/api/v1/sessions", map[string]any{"email": strings.ToLower(name) + "@example.org", "password": "correct horse " + name})["token"].(string)
	return p
}
