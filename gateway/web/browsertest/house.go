package browsertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/gatewaytest"
	"github.com/docketlog/docket/internal/testkit"
)

// House is a complete Docket with users.
type House struct {
	*gatewaytest.House
	t testing.TB
}

// NewHouse builds a Docket for the duration of the test; change may change the
// options of its gateway.
func NewHouse(t testing.TB, change ...func(*gateway.Options)) *House {
	t.Helper()
	return &House{gatewaytest.Open(t, change...), t}
}

// Password is the password of every user.
const Password = "correct horse battery"

// Person is a signed-in user.
type Person struct {
	Name    string
	Email   string
	Account uuid.UUID
	// Secret is the secret of their session.
	Secret string
	secure bool
}

// Cookie opens a [Page] already signed in, see [Cookie].
func (p Person) Cookie() *http.Cookie {
	return access.Cookie(p.Secret, time.Time{}, p.secure)
}

// Register creates an account and signs in. The address is the name in lower
// case at example.org.
func (h *House) Register(name string) Person {
	h.t.Helper()
	p := Person{Name: name, Email: strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.org", secure: h.Options.SecureCookies}
	h.API(p, "POST", "/api/v1/accounts", map[string]any{"email": p.Email, "name": name, "password": Password}).Want(http.StatusAccepted)
	return h.SignIn(p)
}

// SignIn opens a new session for the person.
func (h *House) SignIn(p Person) Person {
	h.t.Helper()
	p.Secret = ""
	a := h.API(p, "POST", "/api/v1/sessions", map[string]any{"email": p.Email, "password": Password}).Want(http.StatusCreated)
	p.Secret = a.Text("token")
	var err error
	if p.Account, err = uuid.Parse(a.Text("account")); err != nil {
		h.t.Fatal(err)
	}
	return p
}

// Answer is a response of the JSON API.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	t      testing.TB
	what   string
	// again repeats the request, if it only reads.
	again func() Answer
}

func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

// API sends a request to the JSON API as a person; a nil body means none, any
// other is sent as JSON.
func (h *House) API(p Person, method, path string, body any) Answer {
	h.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	a := Answer{t: h.t, what: method + " " + path}
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.URL+path, reader)
	if err != nil {
		h.t.Fatalf("%s: %v", a.what, err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.Secret != "" {
		r.Header.Set("Authorization", "Bearer "+p.Secret)
	}
	res, err := h.Server.Client().Do(r)
	if err != nil {
		h.t.Fatalf("%s: %v", a.what, err)
	}
	defer res.Body.Close()
	a.Status, a.Header = res.StatusCode, res.Header
	if a.Body, err = io.ReadAll(res.Body); err != nil {
		h.t.Fatalf("%s: %v", a.what, err)
	}
	if method == http.MethodGet {
		a.again = func() Answer { return h.API(p, method, path, body) }
	}
	return a
}

// Want fails the test if the status is another. Requests that only read are
// retried while the service is unavailable.
func (a Answer) Want(status int) Answer {
	a.t.Helper()
	if a.Status == http.StatusServiceUnavailable && status != a.Status && a.again != nil {
		testkit.Eventually(a.t, fmt.Sprintf("%s: status %d", a.what, status), func() (Answer, bool) {
			a = a.again()
			return a, a.Status != http.StatusServiceUnavailable
		})
	}
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.Status, status, a.Body)
	}
	return a
}

// JSON returns the response's object.
func (a Answer) JSON() map[string]any {
	a.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.Body, &v); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.Body)
	}
	return v
}

// Text returns a member of the response's object.
func (a Answer) Text(member string) string {
	a.t.Helper()
	return fmt.Sprint(a.JSON()[member])
}
