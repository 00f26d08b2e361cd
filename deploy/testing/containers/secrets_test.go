package containers

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// runSecrets runs deploy/secrets twice and returns the names of the files it
// created.
func runSecrets(t *testing.T) map[string]bool {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "secrets")
	read := func() map[string]string {
		if out, err := exec.Command(filepath.Join(root, "deploy/secrets"), folder).CombinedOutput(); err != nil {
			t.Fatalf("deploy/secrets: %v\n%s", err, out)
		}
		info, err := os.Stat(folder)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Fatalf("the directory of secrets has mode %v, %v; want 0700", info.Mode(), err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil || len(text) == 0 {
				t.Fatalf("%s is empty or unreadable: %v", e.Name(), err)
			}
			texts[e.Name()] = string(text)
		}
		return texts
	}
	first, second := read(), read()
	made := map[string]bool{}
	for name, text := range first {
		made[name] = true
		if second[name] != text {
			t.Errorf("the second run changed %s, which would lock out running services", name)
		}
	}
	if first["nats-gateway-password"] == first["nats-notifier-password"] {
		t.Error("gateway and notifier have the same NATS password")
	}
	return made
}
