package idempotency

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/gateway/access"
)

const pattern = "POST /things"

// keepers returns the keepers of several processes on one bucket.
func keepers(t *testing.T, n int, secrecy Secrecy) []*Keeper {
	t.Helper()
	js, err := jetstream.New(brokertest.Conn(t))
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := js.CreateKeyValue(t.Context(), BucketConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*Keeper, n)
	for i := range all {
		all[i] = NewKeeper(bucket, map[string]Secrecy{pattern: secrecy}, slog.New(slog.DiscardHandler))
	}
	return all
}

var account = uuid.New()

func request(t *testing.T, k *Keeper, secret, body string, next http.HandlerFunc) *httptest.ResponseRecorder {
	t.Helper()
	caller := access.Caller{Identity: accounts.Identity{Account: account}, Secret: secret}
	r := httptest.NewRequestWithContext(access.With(t.Context(), caller), "POST", "/things", strings.NewReader(body))
	r.Header.Set(Header, "k")
	w := httptest.NewRecorder()
	k.Serve(w, r, pattern, []byte(body), next)
	return w
}

// TestTwoProcessesAtOnce handles one request in two processes at the same time,
// each with its own answer: both send the one that was stored.
func TestTwoProcessesAtOnce(t *testing.T) {
	t.Parallel()
	both := keepers(t, 2, Plain)
	var meeting, running sync.WaitGroup
	meeting.Add(len(both))
	answers := make([]*httptest.ResponseRecorder, len(both))
	for i, k := range both {
		running.Go(func() {
			answers[i] = request(t, k, "", "{}", func(w http.ResponseWriter, _ *http.Request) {
				meeting.Done()
				meeting.Wait()
				w.Header().Set("ETag", fmt.Sprint(i))
				w.WriteHeader(201)
				fmt.Fprintf(w, "done by %d", i)
			})
		})
	}
	running.Wait()
	a, b := answers[0], answers[1]
	if a.Code != 201 || b.Code != 201 || a.Body.String() != b.Body.String() || a.Header().Get("ETag") != b.Header().Get("ETag") {
		t.Errorf("%d %v %s\n%d %v %s", a.Code, a.Header(), a.Body, b.Code, b.Header(), b.Body)
	}
}

// TestFinalAnswersAreStored retries a request after each kind of answer.
func TestFinalAnswersAreStored(t *testing.T) {
	t.Parallel()
	for status, remembered := range map[int]bool{
		200: true, 201: true, 204: true, 404: true, 409: true, 412: true, 422: true,
		401: false, 408: false, 429: false, 500: false, 503: false, 507: false,
	} {
		k := keepers(t, 1, Plain)[0]
		asked := 0
		next := func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(status) }
		for range 2 {
			if w := request(t, k, "", "{}", next); w.Code != status {
				t.Errorf("%d: answered %d", status, w.Code)
			}
		}
		if (asked == 1) != remembered {
			t.Errorf("%d: asked %d times", status, asked)
		}
	}
}

// TestHandlerThatWritesNothing answers 200, at once and when it is retried.
func TestHandlerThatWritesNothing(t *testing.T) {
	t.Parallel()
	k := keepers(t, 1, Plain)[0]
	for i := range 2 {
		w := request(t, k, "", "{}", func(http.ResponseWriter, *http.Request) {})
		if w.Code != http.StatusOK || (w.Header().Get(ReplayedHeader) == "true") != (i == 1) {
			t.Errorf("attempt %d: answered %d, %v", i+1, w.Code, w.Header())
		}
	}
}

// TestAfterAPanic retries a request whose first attempt panicked.
func TestAfterAPanic(t *testing.T) {
	t.Parallel()
	k := keepers(t, 1, Plain)[0]
	func() {
		defer func() { _ = recover() }()
		request(t, k, "", "{}", func(http.ResponseWriter, *http.Request) { panic("x") })
	}()
	if w := request(t, k, "", "{}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }); w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
}

// TestKeyedFingerprints handles a request with a password: its stored digest
// can be reproduced only with the session's secret.
func TestKeyedFingerprints(t *testing.T) {
	t.Parallel()
	k := keepers(t, 1, SecretRequest)[0]
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }
	if w := request(t, k, "session", `{"password":"x"}`, ok); w.Code != 200 {
		t.Fatal(w.Code)
	}
	if w := request(t, k, "session", `{"password":"x"}`, ok); w.Code != 200 || w.Header().Get(ReplayedHeader) == "" {
		t.Errorf("the same: %d %v", w.Code, w.Header())
	}
	for _, c := range []struct{ secret, body string }{{"session", `{"password":"y"}`}, {"other", `{"password":"x"}`}, {"", `{"password":"x"}`}} {
		if w := request(t, k, c.secret, c.body, ok); w.Code != 422 {
			t.Errorf("%v: %d", c, w.Code)
		}
	}
}

// TestFingerprintsDiffer moves bytes between the parts of a request.
func TestFingerprintsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]string{}
	for _, c := range []struct{ method, target, match, kind, body string }{
		{"POST", "/a", "", "", "b"}, {"POST", "/ab", "", "", ""}, {"PUT", "/a", "", "", "b"}, {"POST", "/a?b", "", "", ""},
		{"POST", "/a", "b", "", ""}, {"POST", "/a", "", "b", ""}, {"POST", "/a", "", "", "bb"}, {"POST", "/a", "b", "", "b"},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		r.Header.Set("If-Match", c.match)
		r.Header.Set("Content-Type", c.kind)
		f := fingerprint(r, []byte(c.body), "")
		if before, ok := seen[f]; ok {
			t.Errorf("%v and %s are alike", c, before)
		}
		seen[f] = fmt.Sprint(c)
	}
}
