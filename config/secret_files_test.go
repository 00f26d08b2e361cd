package config

import (
	"strings"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
)

func TestSecretsAreReadFromFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"bare": "", "a line": "\n", "a line of Windows": "\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := map[string]string{
				"DOCKET_NATS_FILE":     testkit.WriteFile(t, "nats://docket:hush@nats:4222"+text),
				"DOCKET_DATABASE_FILE": testkit.WriteFile(t, "postgres://docket:hush@db/docket"+text),
				"DOCKET_SMTP_FILE":     testkit.WriteFile(t, "smtp://docket:hush@mail:587"+text),
			}
			var s Settings
			if err := s.readSecrets(func(name string) string { return set[name] }); err != nil {
				t.Fatal(err)
			}
			if s.NATS != "nats://docket:hush@nats:4222" || s.Database != "postgres://docket:hush@db/docket" || s.SMTP != "smtp://docket:hush@mail:587" {
				t.Errorf("have %q, %q and %q", s.NATS, s.Database, s.SMTP)
			}
		})
	}
}

func TestFlagOverridesFile(t *testing.T) {
	t.Parallel()
	s := Settings{NATS: "nats://flag:4222"}
	path := testkit.WriteFile(t, "nats://file:4222")
	if err := s.readSecrets(func(name string) string { return map[string]string{"DOCKET_NATS_FILE": path}[name] }); err != nil {
		t.Fatal(err)
	}
	if s.NATS != "nats://flag:4222" {
		t.Errorf("have %q", s.NATS)
	}
}

// TestEverySecretCanBeAFile: a setting whose help mentions a password is a
// secret.
func TestEverySecretCanBeAFile(t *testing.T) {
	t.Parallel()
	var s Settings
	for _, one := range s.Table() {
		if strings.Contains(one.Meaning, "password") && one.FileVariable() == "" {
			t.Errorf("%s may hold a password and cannot be given by file", one.Variable)
		}
	}
}
