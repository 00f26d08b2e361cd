package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// delivery is a run of a deployment script in which kubectl, docker and ssh are
// stand-ins that record their calls and fail on demand. Real ones cannot be
// made to fail at a given step.
type delivery struct {
	t      *testing.T
	folder string
	env    []string
}

const digest = "ghcr.io/docketlog/docket@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func newDelivery(t *testing.T, standIns map[string]string) *delivery {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatal("there is no bash")
		}
		t.Skip("SKIPPED: there is no bash, which the scripts of deploy are written in")
	}
	d := &delivery{t: t, folder: t.TempDir()}
	for name, script := range standIns {
		text := "#!/usr/bin/env bash\necho \"" + name + " $*\" >>'" + d.folder + "/asked'\n" + script
		if err := os.WriteFile(filepath.Join(d.folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	d.env = append(os.Environ(), "PATH="+d.folder+":"+os.Getenv("PATH"), "HOME="+d.folder, "AT="+d.folder)
	return d
}

// run returns the script's output, whether it succeeded, and the calls of the
// stand-ins in order.
func (d *delivery) run(env string, args ...string) (said string, well bool, asked []string) {
	d.t.Helper()
	_ = os.Remove(filepath.Join(d.folder, "asked"))
	cmd := exec.CommandContext(d.t.Context(), args[0], args[1:]...)
	cmd.Env = append(slices.Clone(d.env), env)
	out, err := cmd.CombinedOutput()
	text, _ := os.ReadFile(filepath.Join(d.folder, "asked"))
	return string(out), err == nil, strings.Split(strings.TrimSpace(string(text)), "\n")
}

// steps returns the calls that contain one of the words.
func steps(asked []string, words ...string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(one string) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(one, word) })
	})
}

func wantSteps(t *testing.T, asked []string, want ...string) {
	t.Helper()
	for i := range max(len(asked), len(want)) {
		if i >= len(asked) || i >= len(want) || !strings.Contains(asked[i], want[i]) {
			t.Fatalf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
		}
	}
}

// kubectl has deployments at revision 4, and at revision 5 after they are
// applied.
const kubectl = `
case "$*" in
  *"apply "*"component=gateway"*) touch "$AT/applied-gateway" ;;
  *"apply --"*"!app"*|*"apply --"*"component=setup"*) ;;
  *"wait job/setup"*) [ "$BROKEN" != setup ] ;;
  *"apply "*) touch "$AT/applied-projector" "$AT/applied-notifier" ;;
  *"get deployment "*) [ -n "$NEW" ] || { role=$5; [ -e "$AT/applied-$role" ] && echo 5 || echo 4; } ;;
  *"rollout undo"*) touch "$AT/undone-${5#deployment/}" ;;
  *"rollout status"*) role=${5#deployment/}; [ "$role" != "$BROKEN" ] || [ -e "$AT/undone-$role" ] ;;
esac
`

func TestDeployingToKubernetes(t *testing.T) {
	t.Parallel()
	deploy := []string{"kubernetes/deploy", "production", digest}
	t.Run("readers before writers", func(t *testing.T) {
		t.Parallel()
		said, well, asked := newDelivery(t, map[string]string{"kubectl": kubectl}).run("BROKEN=", deploy...)
		if !well {
			t.Fatal(said)
		}
		wantSteps(t, steps(asked, "apply", "rollout", "job"), "!app.kubernetes.io/component", "delete job setup", "component=setup", "wait job/setup",
			"component notin (gateway,setup)", "status deployment/projector", "status deployment/notifier",
			"component=gateway", "status deployment/gateway")
	})
	t.Run("a gateway that does not become ready", func(t *testing.T) {
		t.Parallel()
		said, well, asked := newDelivery(t, map[string]string{"kubectl": kubectl}).run("BROKEN=gateway", deploy...)
		if well || !strings.Contains(said, "all roles run as before") {
			t.Fatal(said)
		}
		wantSteps(t, steps(asked, "undo"), "undo deployment/gateway --to-revision 4", "undo deployment/notifier --to-revision 4", "undo deployment/projector --to-revision 4")
	})
	t.Run("a projector that does not become ready", func(t *testing.T) {
		t.Parallel()
		said, well, asked := newDelivery(t, map[string]string{"kubectl": kubectl}).run("BROKEN=projector", deploy...)
		if well {
			t.Fatal(said)
		}
		// The gateway was not changed, and is not rolled back to an even older
		// revision.
		wantSteps(t, steps(asked, "undo"), "undo deployment/notifier", "undo deployment/projector")
	})
	t.Run("a broker that cannot be set up", func(t *testing.T) {
		t.Parallel()
		said, well, asked := newDelivery(t, map[string]string{"kubectl": kubectl}).run("BROKEN=setup", deploy...)
		if well || !strings.Contains(said, "all roles run as before") || len(steps(asked, "undo", "notin", "component=gateway")) > 0 {
			t.Fatal(said, asked)
		}
	})
	t.Run("there is no previous version", func(t *testing.T) {
		t.Parallel()
		said, well, asked := newDelivery(t, map[string]string{"kubectl": "NEW=1\n" + kubectl}).run("BROKEN=gateway", deploy...)
		if well || len(steps(asked, "undo")) > 0 {
			t.Fatal(said, asked)
		}
	})
	for name, args := range map[string][]string{
		"a tag, which may move": {"production", "ghcr.io/docketlog/docket:v1.0.0"},
		"no such overlay":       {"elsewhere", digest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, well, asked := newDelivery(t, map[string]string{"kubectl": kubectl}).run("BROKEN=", append([]string{deploy[0]}, args...)...)
			if well || len(steps(asked, "kubectl")) > 0 {
				t.Fatal(said, asked)
			}
		})
	}
}

// ssh runs on this machine what would run on the other one. docker fails to
// start if the image tagged docket is the broken one.
const (
	ssh    = "shift\nexec bash -c \"$*\"\n"
	docker = `
case "$*" in
  "image inspect "*) [ -e "$AT/tag-${3#docket:}" ] ;;
  "tag docket:"*) cp "$AT/tag-${2#docket:}" "$AT/tag-${3#docket:}" ;;
  "tag "*) echo "$2" >"$AT/tag-${3#docket:}" ;;
  *" up "*) [ -e docker-compose.yml ] && ! grep -q "$BROKEN" "$AT/tag-latest" ;;
esac
`
)

func TestDeployingOverSSH(t *testing.T) {
	t.Parallel()
	d := newDelivery(t, map[string]string{"ssh": ssh, "docker": docker})
	place := filepath.Join(d.folder, "srv")
	latest := func() string {
		text, err := os.ReadFile(filepath.Join(d.folder, "tag-latest"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	second := strings.ReplaceAll(digest, "0", "f")
	third := strings.ReplaceAll(digest, "0", "a")
	for _, image := range []string{digest, second} {
		if said, well, _ := d.run("BROKEN=none", "./over-ssh", "docket@host", place, image); !well {
			t.Fatal(said)
		}
		if latest() != image {
			t.Errorf("runs %s, want %s", latest(), image)
		}
	}
	said, well, asked := d.run("BROKEN="+third[len(third)-64:], "./over-ssh", "docket@host", place, third)
	if well || latest() != second {
		t.Errorf("after a failure %s runs, want %s; said %s", latest(), second, said)
	}
	if ups := steps(asked, " up "); len(ups) != 2 {
		t.Errorf("started %d times, want two: %v", len(ups), ups)
	}
	for _, folder := range []string{"current", "failed"} {
		if _, err := os.Stat(filepath.Join(place, folder, "docker-compose.yml")); err != nil {
			t.Error(err)
		}
	}
	for name, args := range map[string][]string{
		"a command for a folder": {"docket@host", "/srv;reboot", digest},
		"an option for a host":   {"-oProxyCommand=reboot", "/srv", digest},
		"a tag":                  {"docket@host", "/srv", "ghcr.io/docketlog/docket:v1.0.0"},
	} {
		if said, well, asked := d.run("BROKEN=none", append([]string{"./over-ssh"}, args...)...); well || len(steps(asked, "ssh")) > 0 {
			t.Errorf("%s: %s, asked %v", name, said, asked)
		}
	}
}
