package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
)

// form submits a form from the person's browser.
func (p *person) form(path string, fields url.Values) *http.Response {
	p.h.t.Helper()
	r := p.request("POST", path, raw(fields.Encode()), header{"Content-Type", "application/x-www-form-urlencoded"}, header{"Authorization", ""})
	r.AddCookie(&http.Cookie{Name: access.CookieName(false), Value: p.secret})
	client := *p.h.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		p.h.t.Fatalf("POST %s: %v", path, err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		p.h.t.Fatal(err)
	}
	return res
}

// past returns the events of a task after its creation: types and payloads,
// without the ranks, which depend on the clock.
func (h *house) past(task uuid.UUID) []string {
	h.t.Helper()
	all, _, err := h.log.Load(h.t.Context(), events.Head{Aggregate: events.Task(task)})
	if err != nil {
		h.t.Fatal(err)
	}
	var past []string
	for _, e := range all[1:] {
		var payload m
		if err := json.Unmarshal(e.Payload, &payload); err != nil {
			h.t.Fatal(err)
		}
		delete(payload, "rank")
		text, err := json.Marshal(payload)
		if err != nil {
			h.t.Fatal(err)
		}
		past = append(past, string(e.Type)+" "+string(text))
	}
	return past
}

// TestDoorsAskTheSame makes the same change by a patch and by a form: both
// produce the same events and the same refusals.
func TestDoorsAskTheSame(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "member"}).want(201)
	for name, c := range map[string]struct {
		patch   m
		form    url.Values
		refused bool
	}{
		"title and status": {
			patch: m{"title": "Oil", "status": "done", "seen": m{"title": "Engine", "status": "waiting"}},
			form:  url.Values{"title": {"Oil"}, "seen_title": {"Engine"}, "status": {"done"}, "seen_status": {"waiting"}},
		},
		"all fields": {
			patch: m{"description": "Two\nlines", "priority": "high", "due": "2026-12-24", "labels": []string{"b", "a"}},
			form:  url.Values{"description": {"Two\r\nlines"}, "priority": {"high"}, "due": {"2026-12-24"}, "labels": {"b, a,"}},
		},
		"cleared": {
			patch: m{"description": nil, "due": nil, "labels": nil, "seen": m{"description": "", "due": "", "labels": []string{}}},
			form:  url.Values{"description": {""}, "due": {""}, "labels": {""}},
		},
		"assignees": {
			patch: m{"assignees": []string{ben.account}},
			form:  url.Values{"seen_assignees": {""}, "assignees": {ben.account}},
		},
		"nothing": {patch: m{}, form: url.Values{"title": {"Engine"}, "seen_title": {"Engine"}}},
		"a title that has changed meanwhile": {
			patch: m{"title": "Oil", "seen": m{"title": "Machine"}}, refused: true,
			form: url.Values{"title": {"Oil"}, "seen_title": {"Machine"}},
		},
		"a status that has changed meanwhile": {
			patch: m{"status": "done", "seen": m{"status": "in_progress"}}, refused: true,
			form: url.Values{"status": {"done"}, "seen_status": {"in_progress"}},
		},
		"a status there is none of": {patch: m{"status": "elsewhere"}, form: url.Values{"status": {"elsewhere"}}, refused: true},
		"no title":                  {patch: m{"title": " "}, form: url.Values{"title": {" "}}, refused: true},
	} {
		byPatch, a := ada.task(project, "Engine")
		byForm, b := ada.task(project, "Engine")
		h.eventually("the rows have both", func() (any, bool) {
			status := ada.get("/api/v1"+strings.TrimPrefix(byForm, "/api/v1"), b.at()).status
			return status, status == 200
		})
		patched := ada.patch(byPatch, c.patch)
		sent := ada.form(strings.TrimPrefix(byForm, "/api/v1"), c.form)
		want, wantForm := 200, http.StatusSeeOther
		if c.refused {
			want = patched.status
			wantForm = want // a page with the same status
		}
		if patched.status != want || sent.StatusCode != wantForm || c.refused && want < 400 {
			t.Errorf("%s: the patch is answered %d, the form %d", name, patched.status, sent.StatusCode)
		}
		if diff := cmp.Diff(h.past(uuid.MustParse(a.text("id"))), h.past(uuid.MustParse(b.text("id")))); diff != "" {
			t.Errorf("%s: the patch did -, the form did +\n%s", name, diff)
		}
	}

	other, _ := ada.project("Boiler")
	name := "Boiler and pump"
	ada.patch(project, m{"name": name}).want(200)
	if res := ada.form(strings.TrimPrefix(other, "/api/v1")+"/settings", url.Values{"name": {name}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a form that renames a project is answered %d", res.StatusCode)
	}
	for _, p := range []string{project, other} {
		if got, err := h.commands.Project(t.Context(), uuid.MustParse(id(p))); err != nil || got.Name != name {
			t.Errorf("%s is named %q, %v", p, got.Name, err)
		}
	}
}
