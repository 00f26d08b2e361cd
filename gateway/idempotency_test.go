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

// sameAnswer compares the whole answers except the date.
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

// TestSameKeyTwice sends every kind of write twice.
func TestSameKeyTwice(t *testing.T) {
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
		if strings.HasPrefix(c.path, "/api/v1/me") {
			// It depends on no event of its own, so its position is the current one.
			first.header.Del("Docket-Position")
			again.header.Del("Docket-Position")
		}
		sameAnswer(t, first, again)
		if again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s: replayed %q, then %q", first.what, first.header.Get("Idempotent-Replayed"), again.header.Get("Idempotent-Replayed"))
		}
		if h.end() != end {
			t.Errorf("%s: sent again, it wrote again", first.what)
		}
		// Whatever has happened since, the answer is the same.
		ada.send(c.method, c.path+"?", m{"title": "Another request"}, k).want(422).code("idempotency_key_reused")
		// And the key belongs to Ada alone.
		if a := ben.send(c.method, c.path, c.body, k); a.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s: somebody else's key was answered: %s", first.what, a.body)
		}
	}
}

func TestSameKeyAtOnce(t *testing.T) {
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

// TestSameKeyElsewhere retries through another process, and through two at
// the same time.
func TestSameKeyElsewhere(t *testing.T) {
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

// TestCrashBeforeTheRecord deletes the stored answers, as if the process had
// crashed between the log and the bucket.
func TestCrashBeforeTheRecord(t *testing.T) {
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
	// The key reused for another request after its answer expired: it takes
	// effect. Mistaken for the earlier command, it would silently do nothing.
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

// TestSecretsAreNotRemembered inspects the bucket after every operation with a
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
	if repeated := ada.patch("/api/v1/me", change, key("p")).want(200); string(repeated.body) != string(changed.body) {
		t.Errorf("a change sent again: %s\n%s", changed.body, repeated.body)
	}

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

// TestAnswersThatAreNotStored retries a request that failed for a temporary reason.
func TestAnswersThatAreNotStored(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	ada.with("nobody").post(project+"/tasks", m{"title": "x"}, key("k")).want(http.StatusUnauthorized)
	ada.post(project+"/tasks", m{"title": "x"}, key("k")).want(201)
}

// TestRetryByFormerMember retries, with a key, a request answered
// while the caller was a member, after the answer has expired.
func TestRetryByFormerMember(t *testing.T) {
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

// TestStoredAnswersNameNoPerson makes every write with a key and inspects the bucket:
// no record names a person or contains an address.
func TestStoredAnswersNameNoPerson(t *testing.T) {
	t.Parallel()
	s := set(t)
	// Names that occur nowhere else.
	s.ada.patch("/api/v1/me", m{"name": "Quintessa"}).want(200)
	s.ben.patch("/api/v1/me", m{"name": "Zebulon"}).want(200)
	s.eve.patch("/api/v1/me", m{"name": "Wilhelmina"}).want(200)
	member := s.project + "/members/" + s.ben.account
	spare := s.ada.post("/api/v1/sessions", m{"email": s.ada.email, "password": password}).want(201).text("id")
	type line struct {
		path   string
		body   any
		status int
	}
	done := map[string]line{
		"register":       {"/api/v1/accounts", m{"email": "new@example.org", "name": "Xenophilia", "password": password}, 202},
		"sign-in":        {"/api/v1/sessions", m{"email": s.ada.email, "password": password}, 201},
		"change-me":      {"/api/v1/me", m{"name": "Quintessa II", "email": "quintessa@example.org", "current_password": password}, 200},
		"revoke-session": {"/api/v1/me/sessions/" + spare, nil, 204},
		"create-token":   {"/api/v1/me/tokens", m{"name": "x", "scopes": []string{"read"}}, 201},
		"revoke-token":   {s.token, nil, 204},
		"save-filter":    {"/api/v1/me/filters", m{"name": "All of Wilhelmina's"}, 201},
		"delete-filter":  {s.filter, nil, 204},
		"create-project": {"/api/v1/projects", m{"name": "P"}, 201},
		"change-project": {s.project, m{"name": "Q"}, 200},
		"add-member":     {s.project + "/members", m{"email": s.eve.email, "role": "member"}, 201},
		"change-member":  {member, m{"role": "owner"}, 200},
		"remove-member":  {member, nil, 204},
		"create-task":    {s.project + "/tasks", m{"title": "T"}, 201},
		"change-task":    {s.task, m{"title": "U"}, 200},
		"assign":         {s.task + "/assignees/" + s.ada.account, nil, 200},
		"unassign":       {s.task + "/assignees/" + s.ada.account, nil, 200},
		"delete-task":    {s.task, nil, 200},
		"restore-task":   {s.task + "/restore", nil, 200},
		"add-comment":    {s.task + "/comments", m{"text": "x"}, 201},
		"edit-comment":   {s.comment, m{"text": "y"}, 200},
		"delete-comment": {s.comment, nil, 204},
		"undo-task":      {s.task + "/undo", m{"revision": 1}, 200},
		"undo-project":   {s.project + "/undo", m{"revision": 1}, 200},
		"erase-me":       {"/api/v1/me", m{"password": "a wrong password"}, 422},
		"sign-out":       {"/api/v1/sessions/current", nil, 204},
	}
	order := []string{
		"register", "sign-in", "change-me", "revoke-session", "create-token", "revoke-token", "save-filter", "delete-filter", "create-project", "change-project",
		"add-member", "change-member", "remove-member", "create-task", "change-task", "assign", "unassign", "delete-task",
		"restore-task", "add-comment", "edit-comment", "delete-comment", "undo-task", "undo-project", "erase-me", "sign-out",
	}
	_, all := operations(t, s.house)
	methods := map[string]string{}
	for _, o := range all {
		if id := o.m["operationId"].(string); o.method != http.MethodGet {
			if _, ok := done[id]; !ok {
				t.Errorf("%s: do it with a key", id)
			}
			methods[id] = o.method
		}
	}
	for _, id := range order {
		c := done[id]
		s.ada.send(methods[id], c.path, c.body, key(id)).want(c.status)
		if id != "sign-in" && id != "register" && id != "sign-out" {
			s.ada.send(methods[id], c.path, c.body, key(id)).want(c.status)
		}
	}
	s.eve.post(s.project+"/members", m{"email": "nobody@example.org", "role": "member"}, key("refused")).want(403)

	keys := bucketKeys(t, s.house)
	if len(keys) < len(order)-2 {
		t.Errorf("only %d of %d are remembered", len(keys), len(order))
	}
	for _, k := range keys {
		entry, err := s.options.Idempotency.Get(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		var record struct {
			Header http.Header
			Body   []byte
		}
		if err := json.Unmarshal(entry.Value(), &record); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Quintessa", "Zebulon", "Wilhelmina", "Xenophilia", "@example.org"} {
			if strings.Contains(string(entry.Value())+string(record.Body), name) {
				t.Errorf("the bucket holds %q: %s", name, record.Body)
			}
		}
	}
}

// TestSentAgainAfterAnErasure retries requests that named a person who has been
// erased.
func TestSentAgainAfterAnErasure(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	add, role := m{"email": ben.email, "role": "member"}, m{"role": "viewer"}
	ada.post(project+"/members", add, key("a")).want(201)
	ada.patch(project+"/members/"+ben.account, role, key("r")).want(200)
	ben.send("DELETE", "/api/v1/me", m{"password": password}).want(204)
	for _, a := range []*answer{
		ada.post(project+"/members", add, key("a")).want(422),
		ada.patch(project+"/members/"+ben.account, role, key("r")).want(404),
	} {
		if strings.Contains(string(a.body), ben.email) || strings.Contains(string(a.body), `"Ben"`) {
			t.Errorf("an erased person is named: %s", a.body)
		}
	}
}
