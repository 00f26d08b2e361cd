package gateway_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/gateway/idempotency"
)

func key(k string) header { return header{"Idempotency-Key", k} }

// sameAnswer compares everything that was answered but the date.
func sameAnswer(t *testing.T, first, again *answer) {
	t.Helper()
	if again.status != first.status || string(again.body) != string(first.body) {
		t.Errorf("%s: answered %d %s\nand then %d %s", first.what, first.status, first.body, again.status, again.body)
	}
	for _, name := range []string{"Content-Type", "ETag", "Docket-Position", "Location"} {
		if first.header.Get(name) != again.header.Get(name) {
			t.Errorf("%s: %s %q and then %q", first.what, name, first.header.Get(name), again.header.Get(name))
		}
	}
}

// TestTheSameKeyTwice sends every sort of write twice.
func TestTheSameKeyTwice(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	task, _ := ada.task(project, "Task")
	comment := ada.post(task+"/comments", m{"text": "x"}).want(201).header.Get("Location")
	for i, c := range []struct {
		method, path string
		body         any
		status       int
	}{
		{"POST", "/api/v1/projects", m{"name": "Other"}, 201},
		{"PATCH", project, m{"name": "Renamed"}, 200},
		{"POST", project + "/members", m{"email": ben.email, "role": "member"}, 201},
		{"PATCH", project + "/members/" + ben.account, m{"role": "viewer"}, 200},
		{"POST", project + "/tasks", m{"title": "New"}, 201},
		{"PATCH", task, m{"title": "Renamed", "status": "done", "assignees": []string{ada.account}}, 200},
		{"PUT", task + "/assignees/" + ben.account, nil, 200},
		{"DELETE", task + "/assignees/" + ben.account, nil, 200},
		{"POST", task + "/comments", m{"text": "Said once"}, 201},
		{"PATCH", comment, m{"text": "Changed"}, 200},
		{"DELETE", comment, nil, 204},
		{"DELETE", task, nil, 200},
		{"POST", task + "/restore", nil, 200},
		{"DELETE", project + "/members/" + ben.account, nil, 204},
		{"PATCH", task, m{"title": ""}, 422},
		{"PATCH", task, m{"assignees": []string{ben.account}}, 422},
		{"PATCH", "/api/v1/me", m{"name": "Lovelace"}, 200},
	} {
		k := key("key " + string(rune('a'+i)))
		first := ada.send(c.method, c.path, c.body, k).want(c.status)
		end := h.end()
		again := ada.send(c.method, c.path, c.body, k).want(c.status)
		sameAnswer(t, first, again)
		if again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s: replayed %q, then %q", first.what, first.header.Get("Idempotent-Replayed"), again.header.Get("Idempotent-Replayed"))
		}
		if h.end() != end {
			t.Errorf("%s: sent again, it wrote again", first.what)
		}
		// Whatever has happened since, it is the same answer.
		ada.send(c.method, c.path+"?", m{"title": "Another request"}, k).want(422).code("idempotency_key_reused")
		// And the key is Ada's alone.
		if a := ben.send(c.method, c.path, c.body, k); a.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s: somebody else's key was answered: %s", first.what, a.body)
		}
	}
}

func TestTheSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	before := h.end()
	answers := make([]*answer, 12)
	var running sync.WaitGroup
	for i := range answers {
		running.Go(func() { answers[i] = ada.post(project+"/tasks", m{"title": "Once"}, key("k")) })
	}
	running.Wait()
	for _, a := range answers {
		sameAnswer(t, answers[0].want(201), a)
	}
	if got := h.end().Sequence - before.Sequence; got != 1 {
		t.Errorf("%d events, want 1", got)
	}
}

// TestTheSameKeyElsewhere sends it again through another process, and at once
// through two.
func TestTheSameKeyElsewhere(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	one := furnish(t, nc, filepath.Join(t.TempDir(), "one.db"))
	two := furnish(t, nc, filepath.Join(t.TempDir(), "two.db"))
	ada := one.person("Ada")
	there := &person{h: two, email: ada.email}
	there.signIn()
	project, _ := ada.project("Engine")
	first := ada.post(project+"/tasks", m{"title": "Once"}, key("k")).want(201)
	sameAnswer(t, first, there.post(project+"/tasks", m{"title": "Once"}, key("k")))

	before := one.end()
	for i := range 20 {
		k := key("at once " + string(rune('a'+i)))
		var a, b *answer
		var running sync.WaitGroup
		running.Go(func() { a = ada.post(project+"/tasks", m{"title": "Twice"}, k) })
		running.Go(func() { b = there.post(project+"/tasks", m{"title": "Twice"}, k) })
		running.Wait()
		sameAnswer(t, a.want(201), b)
	}
	if got := one.end().Sequence - before.Sequence; got != 20 {
		t.Errorf("%d events, want 20", got)
	}
}

// TestACrashBeforeTheRecord forgets what was answered, as if the process had
// ended between the log and the bucket.
func TestACrashBeforeTheRecord(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	first := ada.post(project+"/tasks", m{"title": "Once"}, key("k")).want(201)
	end := h.end()
	stream, err := js.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteKeyValue(t.Context(), idempotency.BucketConfig(1).Bucket); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.CreateKeyValue(t.Context(), idempotency.BucketConfig(1)); err != nil {
		t.Fatal(err)
	}
	again := ada.post(project+"/tasks", m{"title": "Once"}, key("k")).want(201)
	if again.text("id") != first.text("id") || h.end() != end {
		t.Errorf("made again: %s\n%s", first.body, again.body)
	}
	// The key after its answer was forgotten, for something else: it happens.
	// Were it taken for the earlier command, it would silently not.
	ada.post(project+"/tasks", m{"title": "Another"}, key("k")).want(422)
	if err := h.options.Idempotency.Purge(t.Context(), bucketKeys(t, h)[0]); err != nil {
		t.Fatal(err)
	}
	other := ada.post(project+"/tasks", m{"title": "Another"}, key("k")).want(201)
	if other.text("id") == first.text("id") || h.end() == end {
		t.Errorf("not made: %s", other.body)
	}
}

func bucketKeys(t *testing.T, h *house) []string {
	t.Helper()
	lister, err := h.options.Idempotency.ListKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k := range lister.Keys() {
		keys = append(keys, k)
	}
	return keys
}

// TestSecretsAreNotRemembered looks into the bucket after everything that has a
// secret was done with a key.
func TestSecretsAreNotRemembered(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	one := ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}, key("s")).want(201)
	two := ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}, key("s")).want(201)
	if one.text("token") != two.text("token") || one.text("id") != two.text("id") {
		t.Errorf("a sign-in sent again is another session: %s\n%s", one.body, two.body)
	}
	ada.post("/api/v1/sessions", m{"email": ada.email, "password": "wrong password"}, key("s")).want(401)
	body := m{"name": "ci", "scopes": []string{"read"}}
	made := ada.post("/api/v1/me/tokens", body, key("t")).want(201)
	again := ada.post("/api/v1/me/tokens", body, key("t")).want(201)
	if string(made.body) != string(again.body) {
		t.Errorf("a token asked for again is another: %s\n%s", made.body, again.body)
	}
	ada.post("/api/v1/me/tokens", m{"name": "other", "scopes": []string{"read"}}, key("t")).want(422).code("idempotency_key_reused")
	change := m{"password": "another long password", "current_password": password}
	changed := ada.patch("/api/v1/me", change, key("p")).want(200)
	sameAnswer(t, changed, ada.patch("/api/v1/me", change, key("p")))

	stream, err := js.New(h.nc)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := stream.KeyValue(t.Context(), idempotency.BucketConfig(1).Bucket)
	if err != nil {
		t.Fatal(err)
	}
	keys := bucketKeys(t, h)
	if len(keys) != 2 {
		t.Errorf("%d answers remembered, want those to the token and the change", len(keys))
	}
	for _, k := range keys {
		entry, err := bucket.Get(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		var record struct{ Body []byte }
		if err := json.Unmarshal(entry.Value(), &record); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{made.text("token"), password, "another long password", ada.secret} {
			if strings.Contains(string(entry.Value())+string(record.Body), secret) {
				t.Errorf("the bucket holds a secret: %s %s", entry.Value(), record.Body)
			}
		}
	}
}

// TestWhatIsNotRemembered sends a request that failed for a reason that passes.
func TestWhatIsNotRemembered(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	ada.with("nobody").post(project+"/tasks", m{"title": "x"}, key("k")).want(http.StatusUnauthorized)
	ada.post(project+"/tasks", m{"title": "x"}, key("k")).want(201)
}

// TestSentAgainByWhoIsNoMemberAnyMore asks with a key for what was answered when
// the caller was a member, once the answer itself is forgotten.
func TestSentAgainByWhoIsNoMemberAnyMore(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "member"}).want(201)
	task, _ := ada.task(project, "Task")
	ben.patch(task, m{"title": "By Ben"}, key("k")).want(200)
	gone := ada.delete(project + "/members/" + ben.account).want(204)
	ada.patch(task, m{"title": "Secret since"}, gone.at()).want(200)
	for _, k := range bucketKeys(t, h) {
		if err := h.options.Idempotency.Purge(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	ben.patch(task, m{"title": "By Ben"}, key("k")).want(404).code("not_found")
}
