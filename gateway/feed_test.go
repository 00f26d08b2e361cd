package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/gateway/feed"
)

// listener reads a feed.
type listener struct {
	t        testing.TB
	position string // at the start of the answer
	close    context.CancelFunc

	mu       sync.Mutex
	events   []m
	lastID   string
	comments []string
	ended    bool
}

// follow opens a feed.
func (p *person) follow(query string, headers ...header) *listener {
	p.h.t.Helper()
	if query == "" && len(headers) == 0 {
		// Without a position a feed begins at the hub's, which may trail what the
		// test has just written.
		end, err := p.h.log.End(p.h.t.Context())
		if err != nil {
			p.h.t.Fatal(err)
		}
		query = "?after=" + end.String()
	}
	ctx, cancel := context.WithCancel(p.h.t.Context())
	r := p.request("GET", "/api/v1/feed"+query, nil, headers...).WithContext(ctx)
	res, err := p.h.server.Client().Do(r)
	if err != nil {
		p.h.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		p.h.t.Fatalf("feed: %d %v", res.StatusCode, res.Header)
	}
	l := &listener{t: p.h.t, position: res.Header.Get("Docket-Position"), close: cancel}
	p.h.t.Cleanup(cancel)
	go func() {
		defer res.Body.Close()
		scanner := bufio.NewScanner(res.Body)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			l.line(scanner.Text())
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true
	}()
	return l
}

func (l *listener) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if data, ok := strings.CutPrefix(text, "data: "); ok {
		var e m
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			l.t.Errorf("feed: %v: %s", err, data)
		}
		if e["position"] != l.lastID {
			l.t.Errorf("feed: id %s of an event at %v", l.lastID, e["position"])
		}
		l.events = append(l.events, e)
	}
	if id, ok := strings.CutPrefix(text, "id: "); ok {
		l.lastID = id
	}
	if comment, ok := strings.CutPrefix(text, ": "); ok {
		l.comments = append(l.comments, comment)
	}
}

// told returns the events as type and first changed value.
func (l *listener) told() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var told []string
	for _, e := range l.events {
		text := e["type"].(string)
		if changes := e["changes"].([]any); len(changes) > 0 {
			text += fmt.Sprintf(" %v", changes[0].(m)["to"])
		}
		told = append(told, text)
	}
	return told
}

func (l *listener) wait(h *house, want ...string) {
	h.t.Helper()
	h.eventually(fmt.Sprintf("the feed tells %q", want), func() (any, bool) { told := l.told(); return told, len(told) >= len(want) })
	if diff := cmp.Diff(want, l.told()); diff != "" {
		h.t.Fatalf("feed:\n%s", diff)
	}
}

func (l *listener) end(h *house, reason string) {
	h.t.Helper()
	h.eventually("the feed ends", func() (any, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return fmt.Sprintf("comments %q", l.comments), l.ended
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := l.comments[len(l.comments)-1]; !strings.Contains(last, reason) {
		h.t.Errorf("the feed ends with %q, want %q", last, reason)
	}
}

func TestFeed(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben, eve := h.person("Ada"), h.person("Ben"), h.person("Eve")
	hers, his, none := ada.follow(""), ben.follow(""), eve.follow("")
	project, _ := ada.project("Engine")
	other, made := ada.project("Other")
	only := ada.follow("?project=" + id(other) + "&after=" + made.at().value)
	task, _ := ada.task(project, "Before Ben")
	hers.wait(h, "project_created Engine", "project_created Other", "task_created Before Ben")

	// Ben receives events from the moment he is a member, and none from before.
	ada.post(project+"/members", m{"email": ben.email, "role": "viewer"}).want(201)
	ada.patch(task, m{"title": "With Ben", "due": "2026-05-03"}).want(200)
	his.wait(h, "member_added viewer", "task_edited With Ben")
	if e := his.events[1]; e["project_id"] != id(project) || e["task_id"] != id(task) || e["revision"] != 2.0 || e["actor"] != ada.account {
		t.Errorf("event %v", e)
	}
	if diff := cmp.Diff([]any{m{"field": "title", "from": "Before Ben", "to": "With Ben"}, m{"field": "due", "from": nil, "to": "2026-05-03"}}, his.events[1]["changes"]); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
	// The event that ends his membership is the last he receives.
	ada.delete(project + "/members/" + ben.account).want(204)
	ada.patch(task, m{"title": "Without Ben"}).want(200)
	ada.task(other, "Elsewhere")
	hers.wait(h, "project_created Engine", "project_created Other", "task_created Before Ben", "member_added viewer",
		"task_edited With Ben", "member_removed <nil>", "task_edited Without Ben", "task_created Elsewhere")
	his.wait(h, "member_added viewer", "task_edited With Ben", "member_removed <nil>")
	only.wait(h, "task_created Elsewhere")
	none.wait(h)

	// Resumed from the beginning, he sees only events that concern him.
	again := ben.follow("", header{"Last-Event-ID", h.end().At(0).String()})
	again.wait(h, "account_registered", "session_begun", "member_added viewer", "member_removed <nil>")
}

// TestFeedResumes interrupts a feed repeatedly while events arrive, and resumes
// in both ways: no event is lost or delivered twice.
func TestFeedResumes(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, made := ada.project("Engine")
	const tasks = 120
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range tasks {
			ada.task(project, fmt.Sprintf("%d", i))
		}
	}()
	var seen []string
	at := made.header.Get("Docket-Position")
	for round := 0; len(seen) < tasks; round++ {
		var l *listener
		if round%2 == 0 {
			l = ada.follow("", header{"Last-Event-ID", at})
		} else {
			l = ada.follow("?after=" + at)
		}
		h.eventually("more events", func() (any, bool) { told := l.told(); return told, len(told) > 0 })
		l.close()
		l.mu.Lock()
		for _, e := range l.events {
			seen = append(seen, e["changes"].([]any)[0].(m)["to"].(string))
			at = e["position"].(string)
		}
		l.mu.Unlock()
	}
	<-done
	for i, title := range seen {
		if title != fmt.Sprintf("%d", i) {
			t.Fatalf("event %d is of task %s", i, title)
		}
	}
	if len(seen) != tasks {
		t.Errorf("%d events, want %d", len(seen), tasks)
	}
}

func TestFeedOfAnotherLog(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	ada.get("/api/v1/feed", header{"Last-Event-ID", "abcdef-1"}).want(410).code("position_gone")
	ada.get("/api/v1/feed", header{"Last-Event-ID", h.end().At(99999).String()}).want(410).code("position_gone")
}

func TestFeedEndsWithItsSecret(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	made := ada.post("/api/v1/me/tokens", m{"name": "feed", "scopes": []string{"read"}}).want(201)
	byToken := ada.with(made.text("token")).follow("")
	phone := ada.with(ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}).want(201).text("token"))
	bySession := phone.follow("")
	kept := ada.follow("")
	ada.delete("/api/v1/me/tokens/" + made.text("id")).want(204)
	phone.delete("/api/v1/sessions/current").want(204)
	ada.task(project, "Not for them")
	byToken.end(h, "no longer valid")
	bySession.end(h, "no longer valid")
	// They may have received the end of their secrets, since it was valid until
	// then, but nothing after it.
	for _, l := range []*listener{byToken, bySession} {
		if told := l.told(); slices.Contains(told, "task_created Not for them") {
			t.Errorf("told after the end: %q", told)
		}
	}
	kept.wait(h, "token_revoked", "session_ended", "task_created Not for them")
}

func TestFeedEndsWithTheServer(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	l := ada.follow("")
	stopped := make(chan error, 1)
	go func() { stopped <- h.server.Config.Shutdown(t.Context()) }()
	l.end(h, feed.ErrStopped.Error())
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestTooManyFeeds(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	for range feed.MaxSubscriptions {
		ada.follow("")
	}
	ada.get("/api/v1/feed").want(429).code("too_many_feeds")
	h.person("Ben").follow("")
}

// TestReaderThatDoesNotRead leaves a connection unread: the gateway drops it,
// and others still receive events.
func TestReaderThatDoesNotRead(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	task, _ := ada.task(project, "Task")
	conn, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	if err := ada.request("GET", "/api/v1/feed", nil).Write(conn); err != nil {
		t.Fatal(err)
	}
	l := ada.follow("")
	h.subscribers(ada, 2)
	big := strings.Repeat("x", 60<<10)
	const edits = 150
	for i := range edits {
		ada.patch(task, m{"description": fmt.Sprintf("%d%s", i, big)}).want(200)
	}
	h.eventually(fmt.Sprintf("the other is told of %d edits", edits), func() (any, bool) { told := len(l.told()); return told, told == edits })
}

// TestFeedBegins reports its position before any event.
func TestFeedBegins(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	l := ada.follow("")
	h.eventually("the first words", func() (any, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return fmt.Sprintf("id %q, comments %q", l.lastID, l.comments), l.lastID != ""
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lastID != l.position {
		t.Errorf("id %q, position %q", l.lastID, l.position)
	}
}

// subscribers waits until the gateway counts that many.
func (h *house) subscribers(p *person, n int) {
	h.t.Helper()
	h.eventually(fmt.Sprintf("%d followers of the feed", n), func() (any, bool) {
		const of = "docket_feed_subscribers "
		_, count, _ := strings.Cut(string(p.get("/metrics").body), "\n"+of)
		count, _, _ = strings.Cut(count, "\n")
		return of + count, count == fmt.Sprint(n)
	})
}

// TestFeedOutlivesTheServersTimeout sets the server's request timeout shorter
// than the feed stays open.
func TestFeedOutlivesTheServersTimeout(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	impatient := httptest.NewUnstartedServer(nil)
	impatient.Config = h.gateway.Server("")
	const timeout = 5 * time.Second // for the feed to begin, however busy the machine
	impatient.Config.ReadTimeout, impatient.Config.WriteTimeout = timeout, timeout
	impatient.Start()
	t.Cleanup(impatient.Close)
	there := *h
	there.server = impatient
	follower := *ada
	follower.h = &there
	l := follower.follow("")
	time.Sleep(timeout + time.Second)
	ada.task(project, "Later")
	l.wait(h, "task_created Later")
}

// TestFeedHead requests the head of a feed only, more often than the limit of
// feeds per account.
func TestFeedHead(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	for range feed.MaxSubscriptions + 1 {
		a := ada.send(http.MethodHead, "/api/v1/feed", nil)
		if a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" || len(a.body) != 0 {
			t.Fatalf("HEAD: %d %v", a.status, a.header)
		}
	}
	h.subscribers(ada, 0)
}
