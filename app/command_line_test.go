package app

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// tell runs the command line in this process and returns its output.
func tell(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(context.Background(), args, &o, &e)
	return o.String(), e.String(), code
}

func TestAllMistakesAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, said, code := tell(t, "version", "--http", "here", "--nats", "http://user:hush@x", "--database", "oracle:x", "--smtp", "mail", "--traces", "collector:4318", "--replicas", "2",
		"--url", "ftp://x", "--log-level", "loud", "--mail-from", "nobody", "--data", "", "--trusted-proxies", "everybody",
		"--tls-cert", "here.pem", "--request-rate", "fast")
	if code != ExitUsage {
		t.Errorf("exit code %d, want %d", code, ExitUsage)
	}
	for _, flag := range []string{"--http", "--nats", "--database", "--smtp", "--traces", "--replicas", "--url", "--log-level", "--mail-from", "--data", "--trusted-proxies", "--tls-cert", "--request-rate"} {
		if !strings.Contains(said, "  "+flag+": ") {
			t.Errorf("no word about %s in:\n%s", flag, said)
		}
	}
	if strings.Contains(said, "hush") {
		t.Errorf("a password is shown:\n%s", said)
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	t.Parallel()
	out, _, code := tell(t, "--help")
	for _, name := range []string{"gateway", "projector", "notifier", "rebuild", "replay", "audit verify", "notices list", "notices resume", "health", "DOCKET_DATA"} {
		if !strings.Contains(out, name) {
			t.Errorf("help lacks %s:\n%s", name, out)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestInvalidArgumentsAreReported(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"frobnicate"}, {"--frobnicate"}, {"replay", "--data", "/nowhere/at/all"}, {"notices", "resume"}} {
		if _, said, code := tell(t, args...); code == 0 || said == "" {
			t.Errorf("%v: exit code %d, said %q", args, code, said)
		}
	}
}

// TestRoleNeedsSharedNATS: a forgotten variable must not start a gateway
// that acknowledges writes to a log of its own.
func TestRoleNeedsSharedNATS(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"gateway", "projector", "notifier"} {
		if _, said, code := tell(t, role, "--data", t.TempDir()); code != ExitUsage || !strings.Contains(said, "  --nats: ") {
			t.Errorf("%s: exit code %d, said %q", role, code, said)
		}
	}
	if _, said, _ := tell(t, "notifier", "--nats", "nats://127.0.0.1:1"); !strings.Contains(said, "  --url: ") {
		t.Errorf("notifier: said %q", said)
	}
}

func TestReadReplicasAreChecked(t *testing.T) {
	t.Parallel()
	gateway := []string{"gateway", "--nats", "nats://127.0.0.1:1", "--database", "postgres://db/docket"}
	for _, c := range []struct {
		args []string
		said string
	}{
		{append(gateway, "--read-replicas", "postgres://other/docket postgres://db/docket"), "  --read-replicas: entry 2 is a duplicate"},
		{append(gateway, "--read-replicas", "oracle://u:hush@other/docket"), "  --read-replicas: entry 1: must start with"},
		{[]string{"projector", "--nats", "nats://127.0.0.1:1", "--read-replicas", "postgres://db/docket"}, "  --read-replicas: is only supported by the gateway"},
		{[]string{"--read-replicas", "postgres://db/docket"}, "  --read-replicas: is only supported by the gateway"},
	} {
		if _, said, code := tell(t, c.args...); code != ExitUsage || !strings.Contains(said, c.said) || strings.Contains(said, "hush") {
			t.Errorf("%v: exit code %d, said %q", c.args, code, said)
		}
	}
}

// TestSetupIsForAnOutsideBroker: an embedded broker sets itself up, and a
// subscriber with the name of an existing consumer would take it over.
func TestSetupIsForAnOutsideBroker(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		said string
	}{
		{[]string{"setup", "--data", t.TempDir()}, "--nats is required"},
		{[]string{"setup", "--nats", "nats://127.0.0.1:1", "--subscriber", "notifier"}, "invalid subscriber name"},
		{[]string{"setup", "--nats", "nats://127.0.0.1:1", "--subscriber", "a.b"}, "invalid subscriber name"},
		{[]string{"version", "--nats-ca", "/nowhere/ca.pem", "--nats", "nats://127.0.0.1:1"}, "  --nats-ca: "},
		{[]string{"version", "--nats-ca", "/nowhere/ca.pem"}, "  --nats-ca: "},
		{[]string{"version", "--nats-cert", "/nowhere/me.pem", "--nats", "nats://127.0.0.1:1"}, "  --nats-cert: requires --nats-key"},
		{[]string{"version", "--nats-cert", "/nowhere/me.pem", "--nats-key", "/nowhere/me.key"}, "  --nats-cert: requires --nats;"},
		{[]string{"version", "--nats-cert", "/nowhere/me.pem", "--nats-key", "/nowhere/me.key", "--nats", "nats://127.0.0.1:1"}, "  --nats-cert: "},
	} {
		if _, said, code := tell(t, c.args...); code == 0 || !strings.Contains(said, c.said) {
			t.Errorf("%v: exit code %d, said %q", c.args, code, said)
		}
	}
}
