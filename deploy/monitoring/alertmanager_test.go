package monitoring

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
)

// TestAlertAddressesAreChecked checks that an invalid address produces no
// configuration.
func TestAlertAddressesAreChecked(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{
		"DOCKET_ALERT_TEAM=nobody", "DOCKET_ALERT_TEAM=a@example.org\"\ninjected: true", "DOCKET_ALERT_ON_CALL=a@b@c", "DOCKET_ALERT_SMTP=mail.example.org",
		"DOCKET_ALERT_WEBHOOK=pager.example.org", "DOCKET_ALERT_SMTP_USER=alerts", "DOCKET_ALERT_SECRETS=somewhere",
	} {
		cmd := exec.CommandContext(t.Context(), "alertmanager/configure")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), wrong}
		if out, err := cmd.Output(); err == nil || len(out) > 0 {
			t.Errorf("%s is taken: %s", wrong, out)
		}
	}
}

// alertmanagerConfig returns Alertmanager's configuration for an installation
// with these variables.
func alertmanagerConfig(t *testing.T, file string, settings ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "alertmanager/configure")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, settings...)
	var said bytes.Buffer
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatalf("configure with %q: %v: %s", settings, err, &said)
	}
	return file
}

// pager receives the webhooks of Alertmanager, in place of the person on call.
type pager struct {
	url, token string
	mu         sync.Mutex
	pages      []string
}

func startPager(t *testing.T) *pager {
	t.Helper()
	p := &pager{token: "only-for-this-test"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		if _, err := b.ReadFrom(r.Body); err != nil || r.Header.Get("Authorization") != "Bearer "+p.token {
			http.Error(w, "who are you", http.StatusForbidden)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pages = append(p.pages, b.String())
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *pager) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.pages)
}

// wait waits for a page that contains all of the words.
func (p *pager) wait(t *testing.T, words ...string) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("a page says %q", words), func() (string, bool) {
		pages := p.all()
		return fmt.Sprintf("pages %q", pages), slices.ContainsFunc(pages, func(page string) bool {
			return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(page, word) })
		})
	})
}
