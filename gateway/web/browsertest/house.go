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

// House is a whole Docket with people in it.
type House struct {
	*gatewaytest.House
	t testing.TB
}

// NewHouse builds one for the length of the test; change may change what its
// gateway is made of.
func NewHouse(t testing.TB, change ...func(*gateway.Options)) *House {
	t.Helper()
	return &House{gatewaytest.Open(t, change...), t}
}

// Password is everybody's.
const Password = "correct horse battery"

// Person is somebody with an account, signed in.
type Person struct {
	Name    string
	Email   string
	Account uuid.UUID
	// Secret is their session's.
	Secret string
	secure bool
}

// Cookie lets a [Page] start signed in, see [Cookie].
func (p Person) Cookie() *http.Cookie {
	return access.Cookie(p.Secret, time.Time{}, p.secure)
}

// Register makes an account and signs in. The address is the name's, in small
// letters, at example.org.
func (h *House) Register(name string) Person {
	h.t.Helper()
	p := Person{Name: name, Email: strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.org", secure: h.Options.SecureCookies}
	h.API(p, "POST", "/api/v1/accounts", map[string]any{"email": p.Email, "name": name, "password": Password}).Want(http.StatusAccepted)
	return h.SignIn(p)
}

// SignIn gives the person a session of its own.
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

// Answer is what the JSON API said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	t      testing.TB
	what   string
	// again asks once more, for what only reads.
	again func() Answer
}

func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

// API asks the JSON API on a person's behalf; a nil body is none, any other is
// sent as JSON.
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

// Want fails the test if the status is another. What only reads and may be
// tried later is tried again.
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

// JSON is the answer's object.
func (a Answer) JSON() map[string]any {
	a.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.Body, &v); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.Body)
	}
	return v
}

// Text is a member of the answer's object.
func (a Answer) Text(member string) string {
	a.t.Helper()
	return fmt.Sprint(a.JSON()[member])
}
