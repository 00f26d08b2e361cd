package stories

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docketlog/docket/app"
)

// A failed connection is reported with its setting and without a password.
// Setup without a number of replicas does not reduce it.
func TestRefusalNamesTheSetting(t *testing.T) {
	g := startGuarded(t)
	strangers := filepath.Join(t.TempDir(), "secrets")
	if out, err := exec.Command("../../deploy/secrets", strangers).CombinedOutput(); err != nil {
		t.Fatalf("deploy/secrets: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(g.secrets, "nats-operator-password"))
	if err != nil {
		t.Fatal(err)
	}
	password, others := string(text), filepath.Join(strangers, "nats-ca.pem")
	servers := g.address(t, "operator")
	setup := func(args ...string) (string, int) {
		var said bytes.Buffer
		code := app.Run(t.Context(), append([]string{"setup"}, args...), &said, &said)
		if strings.Contains(said.String(), password) {
			t.Errorf("setup %s: tells the password", args)
		}
		return said.String(), code
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"wrong password":    {[]string{"--nats", strings.ReplaceAll(servers, password, "wrong"), "--nats-ca", g.ca()}, "--nats: authentication failed"},
		"no authority":      {[]string{"--nats", servers}, "--nats-ca: not set"},
		"another authority": {[]string{"--nats", servers, "--nats-ca", others}, others},
	} {
		if said, code := setup(c.args...); code != app.ExitFailed || !strings.Contains(said, c.want) || !strings.Contains(said, fmt.Sprintf("127.0.0.1:%d", g.ports[0])) {
			t.Errorf("%s: exit code %d: %s", name, code, said)
		}
	}
	if said, code := setup("--nats", servers, "--nats-ca", "../../README.md"); code != app.ExitUsage || !strings.Contains(said, "--nats-ca: ../../README.md contains no PEM certificate") {
		t.Errorf("no certificates: exit code %d: %s", code, said)
	}

	right := []string{"--nats", servers, "--nats-ca", g.ca()}
	if said, code := setup(append(right, "--replicas", "3")...); code != 0 || !strings.Contains(said, "3 replicas") {
		t.Fatalf("setup: exit code %d: %s", code, said)
	}
	if said, code := setup(right...); code != app.ExitFailed || !strings.Contains(said, "--replicas") || !strings.Contains(said, "--fewer") {
		t.Errorf("without --replicas: exit code %d: %s", code, said)
	}
	if said, code := setup(append(right, "--fewer")...); code != 0 || !strings.Contains(said, "1 replica") {
		t.Errorf("with --fewer: exit code %d: %s", code, said)
	}
}
