package dockettest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/internal/testkit"
)

// Person is a client of the API of a [Process]. Its methods must not be called
// concurrently.
type Person struct {
	T        testing.TB
	At       *Process // the process that receives the requests
	Token    string   // of the session; empty before login
	Position string   // of the last response; sent with the next request
}

// Answer is a response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Try sends a request. It returns an error only if the connection fails.
func (p *Person) Try(ctx context.Context, method, path string, body any, header ...string) (Answer, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, p.At.URL+path, in)
	if err != nil {
		panic(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.Token != "" {
		r.Header.Set("Authorization", "Bearer "+p.Token)
	}
	if p.Position != "" {
		r.Header.Set("Docket-Position", p.Position)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, err
	}
	if at := response.Header.Get("Docket-Position"); at != "" {
		p.Position = at
	}
	return Answer{response.StatusCode, response.Header, text}, nil
}

// Ask sends a request and returns the body of the response. It fails the test
// unless the response has the wanted status.
func (p *Person) Ask(want int, method, path string, body any, header ...string) map[string]any {
	p.T.Helper()
	if method != http.MethodGet && !slices.Contains(header, "Idempotency-Key") {
		header = append(slices.Clone(header), "Idempotency-Key", uuid.NewString())
	}
	a, err := p.Try(p.T.Context(), method, path, body, header...)
	if err != nil {
		p.T.Fatalf("%s %s: %v", method, path, err)
	}
	if method == http.MethodGet && a.Status == http.StatusServiceUnavailable && want != a.Status {
		// Retry a read if the response allows it.
		testkit.Eventually(p.T, fmt.Sprintf("%s %s: status %d", method, path, want), func() (string, bool) {
			a, err = p.Try(p.T.Context(), method, path, body, header...)
			return fmt.Sprintf("%v, status %d: %s", err, a.Status, a.Body), err == nil && a.Status != http.StatusServiceUnavailable
		})
	}
	if a.Status != want {
		p.T.Fatalf("%s %s: status %d, want %d: %s", method, path, a.Status, want, a.Body)
	}
	var out map[string]any
	if len(a.Body) > 0 {
		if err := json.Unmarshal(a.Body, &out); err != nil {
			p.T.Fatalf("%s %s: %v in %s", method, path, err, a.Body)
		}
	}
	return out
}

// Items returns the elements of a list response.
func Items(t testing.TB, answer map[string]any) []map[string]any {
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

// Join registers an account and logs in.
func Join(t testing.TB, d *Process, name string) *Person {
	t.Helper()
	p := &Person{T: t, At: d}
	email, password := strings.ToLower(name)+"@example.org", "correct horse "+name
	p.Ask(http.StatusAccepted, "POST", "/api/v1/accounts", map[string]any{"email": email, "name": name, "password": password})
	session := p.Ask(http.StatusCreated, "POST", "/api/v1/sessions", map[string]any{"email": email, "password": password})
	p.Token = session["token"].(string)
	return p
}

// Enter logs in with the password chosen by [Join].
func Enter(t testing.TB, d *Process, name string) *Person {
	t.Helper()
	p := &Person{T: t, At: d}
	p.Token = p.Ask(201, "POST", "/api/v1/sessions", map[string]any{"email": strings.ToLower(name) + "@example.org", "password": "correct horse " + name})["token"].(string)
	return p
}

// Patiently retries a request with the same idempotency key while the service
// is unavailable, as a client should.
func Patiently(t testing.TB, p *Person, method, path string, body any) string {
	t.Helper()
	key := fmt.Sprintf("%s-%d", method, time.Now().UnixNano())
	var a Answer
	testkit.Eventually(t, method+" "+path+": an answer", func() (string, bool) {
		var err error
		a, err = p.Try(t.Context(), method, path, body, "Idempotency-Key", key)
		if err == nil && a.Status != http.StatusOK && a.Status != http.StatusServiceUnavailable {
			t.Fatalf("%s %s: status %d: %s", method, path, a.Status, a.Body)
		}
		done := err == nil && a.Status == http.StatusOK
		if !done {
			time.Sleep(testkit.Pause)
		}
		return fmt.Sprintf("%v, status %d: %s", err, a.Status, a.Body), done
	})
	return string(a.Body)
}
