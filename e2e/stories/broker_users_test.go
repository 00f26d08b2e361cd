package stories

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// stored matches a broker metric that shows stored data.
var stored = regexp.MustCompile(`(?m)^docket_broker_stored_bytes [1-9]`)

// TestRolesWithTheirOwnUsers runs each role on three nodes with the permissions
// from deploy/nats; the servers deny nothing. Then every user tries operations
// that it has no permission for.
func TestRolesWithTheirOwnUsers(t *testing.T) {
	g := startGuarded(t)
	data := t.TempDir()
	settings := func(user string) []string {
		return []string{"--nats", g.address(t, user), "--nats-ca", g.ca(), "--replicas", "3", "--data", data}
	}
	for range 2 { // it is idempotent
		if out, code := dockettest.Once(t, append([]string{"setup", "--subscriber", "subscriber"}, settings("operator")...)...); code != 0 || !strings.Contains(out, "3 replicas") {
			t.Fatalf("setup: exit code %d: %s", code, out)
		}
	}
	mails := smtptest.Start(t, "")
	role := func(name string) *dockettest.Process {
		return dockettest.Start(t, append([]string{name, "--http", "127.0.0.1:0", "--url", "http://docket.test", "--smtp", mails.URL()}, settings(name)...)...)
	}
	gateways := []*dockettest.Process{role("gateway"), role("gateway")}
	projector, notifier := role("projector"), role("notifier")

	t.Run("story", func(t *testing.T) {
		mina, jun := dockettest.Join(t, gateways[0], "Mina"), dockettest.Join(t, gateways[1], "Jun")
		junID := jun.Ask(200, "GET", "/api/v1/me", nil)["id"].(string)
		project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
		mina.Ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
		task := mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Fix the tap", "assignees": []string{junID}},
			"Idempotency-Key", "once")
		path := "/api/v1/tasks/" + task["id"].(string)
		jun.Position = mina.Position
		if got := jun.Ask(200, "PATCH", path, map[string]any{"status": "done"}); got["status"] != "done" {
			t.Errorf("moved: %v", got)
		}
		mails.Wait(t, "jun@example.org", "Fix the tap")
		mina.Ask(200, "GET", "/api/v1/me/sessions", nil)
		mina.Ask(204, "DELETE", "/api/v1/sessions/current", nil)
		jun.Ask(204, "DELETE", "/api/v1/me", map[string]any{"password": "correct horse Jun"})
		for _, d := range append(gateways, projector, notifier) {
			if _, code := dockettest.Once(t, "health", d.URL); code != 0 {
				t.Errorf("%s: exit code %d", d.URL, code)
			}
			if text := metricsOf(t, d); !stored.MatchString(text) {
				t.Errorf("%s does not know how much the broker stores:\n%s", d.URL, text)
			}
		}
		if out, code := dockettest.Once(t, append([]string{"notices"}, settings("notifier")...)...); code != 0 {
			t.Errorf("notices: %s", out)
		}
		if out, code := dockettest.Once(t, append([]string{"audit", "verify"}, settings("projector")...)...); code != 0 {
			t.Errorf("audit verify: %s", out)
		}
		g.subscribe(t)
		if said := g.said.String(); strings.Contains(said, "iolation") {
			t.Errorf("the servers refused a role what it needs:\n%s", said)
		}
	})
	t.Run("refused", func(t *testing.T) { g.refuses(t) })
	t.Run("bounces", func(t *testing.T) { g.bounces(t) })
	t.Run("strangers", func(t *testing.T) { g.strangers(t) })
}

// metricsOf returns the role's Prometheus metrics.
func metricsOf(t *testing.T, d *dockettest.Process) string {
	t.Helper()
	answer, err := http.Get(d.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// subscribe reads every event as a third-party service does: with plain
// nats.go, through the consumer created for it.
func (g *guarded) subscribe(t *testing.T) {
	t.Helper()
	nc, _ := g.conn(t, "subscriber")
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	log, err := j.Stream(t.Context(), "EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := j.Consumer(t.Context(), "EVENTS", "subscriber")
	if err != nil {
		t.Fatal(err)
	}
	want := log.CachedInfo().State.Msgs
	for read := uint64(0); read < want; {
		batch, err := consumer.Fetch(100, js.FetchMaxWait(5*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		before := read
		for m := range batch.Messages() {
			if m.Headers().Get("ce-type") == "" {
				t.Errorf("not an event: %s %v", m.Subject(), m.Headers())
			}
			if err := m.DoubleAck(t.Context()); err != nil {
				t.Fatal(err)
			}
			read++
		}
		if err := batch.Error(); err != nil || read == before {
			t.Fatalf("read %d of %d events: %v", read, want, err)
		}
	}
	// Reading an event by its sequence needs no consumer.
	if m, err := log.GetMsg(t.Context(), 1); err != nil || m.Header.Get("ce-type") == "" {
		t.Errorf("by sequence: %v", err)
	}
}

// refuses makes every user try operations it has no permission for. The servers
// deny each one, and nothing changes.
func (g *guarded) refuses(t *testing.T) {
	operator, _ := g.conn(t, "operator")
	broker, err := js.New(operator)
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		var b strings.Builder
		for _, name := range []string{"EVENTS", "NOTICES", "KV_docket_people", "KV_docket_credentials", "KV_docket_sessions", "KV_docket_tokens", "KV_docket_instance", "KV_notice_ledger"} {
			s, err := broker.Stream(t.Context(), name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			info := s.CachedInfo()
			fmt.Fprintf(&b, "%s %d messages, %d to %d, %d consumers\n", name, info.State.Msgs, info.State.FirstSeq, info.State.LastSeq, info.State.Consumers)
		}
		return b.String()
	}
	before := state()

	runtime := []string{"gateway", "projector", "notifier", "subscriber"}
	readers := []string{"projector", "notifier", "subscriber"}
	everybody := append([]string{"operator"}, runtime...)
	but := func(all []string, one string) (rest []string) {
		for _, user := range all {
			if user != one {
				rest = append(rest, user)
			}
		}
		return rest
	}
	task := uuid.NewString()
	attempts := []struct {
		what     string
		users    []string
		subjects []string // to publish to; with the prefix "sub ", to subscribe to
	}{
		{"write an event", but(everybody, "gateway"), []string{"events.task." + task, "events.project." + task, "events.account." + task}},
		{"write beside the events", everybody, []string{"events.other." + task, "events.task." + task + ".x", "events"}},
		{"delete the log, or a bucket", everybody, []string{
			"$JS.API.STREAM.DELETE.EVENTS", "$JS.API.STREAM.DELETE.NOTICES", "$JS.API.STREAM.DELETE.KV_docket_people", "$JS.API.STREAM.DELETE.KV_docket_credentials",
		}},
		{"purge the log, or a bucket", everybody, []string{
			"$JS.API.STREAM.PURGE.EVENTS", "$JS.API.STREAM.PURGE.NOTICES", "$JS.API.STREAM.PURGE.KV_docket_people", "$JS.API.STREAM.PURGE.KV_docket_sessions",
		}},
		{"delete an event", everybody, []string{"$JS.API.STREAM.MSG.DELETE.EVENTS"}},
		{"change the log, or a bucket", runtime, []string{"$JS.API.STREAM.UPDATE.EVENTS", "$JS.API.STREAM.UPDATE.KV_docket_people", "$JS.API.STREAM.UPDATE.NOTICES"}},
		{"make a stream", runtime, []string{"$JS.API.STREAM.CREATE.MINE", "$JS.API.STREAM.CREATE.EVENTS", "$JS.API.STREAM.RESTORE.MINE"}},
		{"copy the log away", runtime, []string{"$JS.API.STREAM.SNAPSHOT.EVENTS", "$JS.API.STREAM.SNAPSHOT.KV_docket_credentials"}},
		{"depose a leader", runtime, []string{"$JS.API.STREAM.LEADER.STEPDOWN.EVENTS", "$JS.API.META.LEADER.STEPDOWN", "$JS.API.SERVER.REMOVE", "$JS.API.STREAM.PEER.REMOVE.EVENTS"}},
		{"change who may knock", readers, []string{
			"$KV.docket_credentials.x", "$KV.docket_sessions.x.y", "$KV.docket_tokens.x.y", "$KV.docket_people." + task, "$KV.docket_instance.secret", "$KV.docket_attempts.x", "$KV.docket_filters.x",
		}},
		{"read what lets people in", readers, []string{
			"$JS.API.STREAM.MSG.GET.KV_docket_credentials", "$JS.API.DIRECT.GET.KV_docket_credentials", "$JS.API.CONSUMER.CREATE.KV_docket_credentials.mine", "$JS.API.CONSUMER.CREATE.KV_docket_credentials.mine.$KV.docket_credentials.>",
			"$JS.API.STREAM.MSG.GET.KV_docket_sessions", "$JS.API.CONSUMER.CREATE.KV_docket_sessions.mine", "$JS.API.STREAM.MSG.GET.KV_docket_tokens", "$JS.API.CONSUMER.CREATE.KV_docket_tokens.mine",
			"$JS.API.STREAM.MSG.GET.KV_docket_instance", "$JS.API.CONSUMER.CREATE.KV_docket_instance.mine", "$JS.API.DIRECT.GET.KV_docket_idempotency.$KV.docket_idempotency.x",
		}},
		{"read what lets people in", []string{"operator"}, []string{
			"$JS.API.STREAM.MSG.GET.KV_docket_credentials", "$JS.API.DIRECT.GET.KV_docket_credentials", "$KV.docket_credentials.x", "$KV.docket_sessions.x.y",
		}},
		{"forget what lets people in", readers, []string{
			"$JS.API.STREAM.MSG.DELETE.KV_docket_credentials", "$JS.API.STREAM.MSG.DELETE.KV_docket_people", "$JS.API.STREAM.MSG.DELETE.KV_docket_sessions",
		}},
		{"read people's names", []string{"projector", "subscriber"}, []string{"$JS.API.STREAM.MSG.GET.KV_docket_people", "$JS.API.CONSUMER.CREATE.KV_docket_people.mine"}},
		{"make a consumer of the log", []string{"notifier", "subscriber"}, []string{
			"$JS.API.CONSUMER.CREATE.EVENTS.mine", "$JS.API.CONSUMER.CREATE.EVENTS.mine.events.task.>", "$JS.API.CONSUMER.CREATE.EVENTS", "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.mine",
		}},
		{"touch the notifier's consumer", []string{"gateway", "projector", "subscriber"}, []string{
			"$JS.API.CONSUMER.DELETE.EVENTS.notifier", "$JS.API.CONSUMER.CREATE.EVENTS.notifier", "$JS.API.CONSUMER.CREATE.EVENTS.notifier.events.task.>", "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.notifier",
			"$JS.API.CONSUMER.MSG.NEXT.EVENTS.notifier", "$JS.ACK.EVENTS.notifier.1.1.1.1.0", "$JS.API.CONSUMER.PAUSE.EVENTS.notifier",
		}},
		{"touch a subscriber's consumer", []string{"gateway", "projector", "notifier"}, []string{
			"$JS.API.CONSUMER.DELETE.EVENTS.subscriber", "$JS.API.CONSUMER.CREATE.EVENTS.subscriber", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.subscriber", "$JS.ACK.EVENTS.subscriber.1.1.1.1.0",
		}},
		{"delete one's own consumer", []string{"notifier"}, []string{"$JS.API.CONSUMER.DELETE.EVENTS.notifier", "$JS.API.CONSUMER.DELETE.NOTICES.deliver"}},
		{"delete one's own consumer", []string{"subscriber"}, []string{"$JS.API.CONSUMER.DELETE.EVENTS.subscriber"}},
		{"write a notice", but(everybody, "notifier"), []string{"notices.due." + task + "." + task, "notices.parked." + task + "." + task, "$KV.notice_ledger." + task + "." + task}},
		{"read notices", but(runtime, "notifier"), []string{"$JS.API.STREAM.MSG.GET.NOTICES", "$JS.API.CONSUMER.MSG.NEXT.NOTICES.deliver", "$JS.API.DIRECT.GET.KV_notice_ledger.$KV.notice_ledger.x"}},
		{"listen to everything", everybody, []string{"sub >", "sub events.>", "sub $KV.>", "sub $JS.API.>", "sub _INBOX.>", "sub $SYS.>"}},
		{"read the gateway's replies", but(everybody, "gateway"), []string{"sub _INBOX.gateway.>", "sub _INBOX.gateway.x.y"}},
		{"answer in another's stead", everybody, []string{"_INBOX.gateway.x.y", "_INBOX.notifier.x.y"}},
		{"command the servers", everybody, []string{"$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER." + task + ".RELOAD"}},
		{"do anything but watch", []string{"monitor"}, []string{
			"events.task." + task, "$JS.API.STREAM.INFO.EVENTS", "$JS.API.STREAM.DELETE.EVENTS", "$JS.API.ACCOUNT.PURGE.DOCKET", "$SYS.REQ.SERVER." + task + ".RELOAD",
			"$SYS.REQ.SERVER." + task + ".KICK", "$SYS.REQ.CLAIMS.UPDATE", "sub >", "sub $SYS.>",
		}},
	}
	count := 0
	for _, user := range append(everybody, "monitor") {
		nc, refused := g.conn(t, user)
		for _, a := range attempts {
			for _, subject := range a.subjects {
				if !slices.Contains(a.users, user) {
					continue
				}
				count++
				if err := try(nc, subject); err != nil {
					t.Fatalf("%s, %s: %v", user, subject, err)
				}
				select {
				case err := <-refused:
					if !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), strings.TrimPrefix(subject, "sub ")) {
						t.Errorf("%s, to %s by %s: %v", user, a.what, subject, err)
					}
				case <-time.After(testkit.Limit):
					t.Errorf("waited %v for a refusal: %s may %s by %s", testkit.Limit, user, a.what, subject)
				}
			}
		}
	}
	if after := state(); after != before {
		t.Errorf("after all that:\n%s\nbefore:\n%s", after, before)
	}
	if !strings.Contains(g.said.String(), "iolation") {
		t.Error("the servers did not say so: the story's silence proves nothing")
	}
	t.Logf("%d attempts refused", count)
}

// bounces requests answers on subjects to which the requester may not publish:
// a server does not check a request's reply subject against the requester's
// permissions. The answer contains what the notifier wrote, which could be
// another person's session.
func (g *guarded) bounces(t *testing.T) {
	gateway, _ := g.conn(t, "gateway")
	broker, err := js.New(gateway)
	if err != nil {
		t.Fatal(err)
	}
	last := func(name string) uint64 {
		s, err := broker.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return s.CachedInfo().State.LastSeq
	}
	session := "$KV.docket_sessions." + uuid.NewString() + "." + uuid.NewString()
	targets := map[string]string{
		"events.task." + uuid.NewString(): "EVENTS", session: "KV_docket_sessions", "$KV.docket_credentials.x": "KV_docket_credentials",
	}
	forged := uuid.NewString() + "." + uuid.NewString()
	notifier, _ := g.conn(t, "notifier")
	if _, err := notifier.Request("$KV.notice_ledger."+forged, []byte(`{"hash":"mine"}`), testkit.Limit); err != nil {
		t.Fatal(err)
	}
	untouched := map[string]uint64{}
	for _, stream := range targets {
		untouched[stream] = last(stream)
	}
	for user, asks := range map[string]map[string]string{
		"projector": {"$JS.API.INFO": "", "$JS.API.STREAM.INFO.EVENTS": "", "$JS.API.STREAM.MSG.GET.EVENTS": `{"seq":1}`, "$JS.API.DIRECT.GET.EVENTS": `{"seq":1}`},
		"notifier": {
			"$JS.API.INFO": "", "$JS.API.STREAM.INFO.EVENTS": "", "$JS.API.DIRECT.GET.KV_notice_ledger.$KV.notice_ledger." + forged: "",
			"$JS.API.CONSUMER.MSG.NEXT.EVENTS.notifier": `{"batch":1,"no_wait":true}`, "$JS.API.STREAM.MSG.GET.KV_docket_people": `{"seq":1}`,
		},
		"subscriber": {
			"$JS.API.STREAM.INFO.EVENTS": "", "$JS.API.DIRECT.GET.EVENTS": `{"seq":1}`, "$JS.API.CONSUMER.MSG.NEXT.EVENTS.subscriber": `{"batch":1,"no_wait":true}`,
		},
	} {
		nc, refused := g.conn(t, user)
		for target := range targets {
			for ask, with := range asks {
				if err := nc.PublishRequest(ask, target, []byte(with)); err != nil {
					t.Fatal(err)
				}
				// Repeat the request with a permitted reply subject, to show
				// that the request itself is permitted.
				if _, err := nc.Request(ask, []byte(with), testkit.Limit); err != nil {
					t.Errorf("%s may not ask %s: %v", user, ask, err)
				}
			}
		}
		select {
		case err := <-refused:
			t.Errorf("%s: %v: it was refused for another reason", user, err)
		default:
		}
	}
	// This protection requires separate accounts. Within the account of the
	// streams the attack works, so the users of that account must be trusted.
	before := last("KV_docket_attempts")
	if err := gateway.PublishRequest("$JS.API.STREAM.INFO.EVENTS", "$KV.docket_attempts.bounced", nil); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, fmt.Sprintf("an answer after number %d, or the servers have learned to refuse it and the accounts can be one again", before), func() (uint64, bool) {
		at := last("KV_docket_attempts")
		return at, at != before
	})
	for stream, before := range untouched {
		if after := last(stream); after != before {
			t.Errorf("%s holds %d messages that were answers", stream, after-before)
		}
	}
}

// try publishes to the subject or subscribes to it, and returns once the server
// has processed that.
func try(nc *nats.Conn, subject string) error {
	if listened, ok := strings.CutPrefix(subject, "sub "); ok {
		sub, err := nc.SubscribeSync(listened)
		if err != nil {
			return err
		}
		defer sub.Unsubscribe()
		return nc.Flush()
	}
	if err := nc.PublishRequest(subject, nc.NewInbox(), []byte("{}")); err != nil {
		return err
	}
	return nc.Flush()
}

// strangers connects without a password, with a wrong one, and without TLS.
func (g *guarded) strangers(t *testing.T) {
	address := g.address(t, "gateway")
	bare := strings.Split(address, ",")[0]
	u, err := url.Parse(bare)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	for name, attempt := range map[string]func() (*nats.Conn, error){
		"nobody":  func() (*nats.Conn, error) { return nats.Connect("tls://"+u.Host, nats.RootCAs(g.ca())) },
		"a guess": func() (*nats.Conn, error) { return nats.Connect("tls://gateway:guess@"+u.Host, nats.RootCAs(g.ca())) },
		"operator with another's password": func() (*nats.Conn, error) {
			password, _ := u.User.Password()
			return nats.Connect("tls://operator:"+password+"@"+u.Host, nats.RootCAs(g.ca()))
		},
		"who does not know the servers": func() (*nats.Conn, error) { return nats.Connect(bare) },
	} {
		nc, err := attempt()
		if err == nil {
			nc.Close()
			t.Errorf("%s was let in", name)
		}
	}
	// Without TLS: the server speaks first and then receives no TLS handshake.
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Limit))
	password, _ := u.User.Password()
	fmt.Fprintf(conn, "CONNECT {\"user\":\"gateway\",\"pass\":%q,\"verbose\":false}\r\nPING\r\n", password)
	var heard bytes.Buffer
	_, _ = heard.ReadFrom(conn)
	if strings.Contains(heard.String(), "PONG") {
		t.Errorf("in clear: %s", heard.String())
	}
}
