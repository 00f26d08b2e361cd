package config

import (
	"strings"
	"testing"
)

// A URL of another kind of database is checked as far as possible without
// connecting to it.
func TestDatabaseAddresses(t *testing.T) {
	t.Parallel()
	for address, problem := range map[string]string{
		"mysql://docket:hush@db/docket":          "",
		"mysql://docket:hush@db/docket?tls=true": "",
		"mysql://docket:hush@db":                 "mysql://user:password@host:3306/database",
		"mysql://docket:hush@db/docket?tls=so":   "tls must be",
		"postgres://docket:hush@db/docket":       "",
		"postgres:docket":                        "postgres://user:password@host:port/name",
		"mariadb://docket:hush@db/docket":        "must start with",
	} {
		s := Settings{Data: "here", MailFrom: "docket@example.org", given: given{logLevel: "info"}, Database: address}
		err := s.check(Process{})
		if (err == nil) != (problem == "") || err != nil && (!strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: %v, want %q", address, err, problem)
		}
	}
}

func TestSettingsFillEachOther(t *testing.T) {
	t.Parallel()
	s := Settings{Data: "here", MailFrom: "docket@example.org", given: given{logLevel: "info"}}
	if err := s.check(Process{}); err != nil {
		t.Fatal(err)
	}
	if s.Database != "sqlite:here/rows.db" {
		t.Errorf("database %q", s.Database)
	}
	if got := s.BaseURL("0.0.0.0:80"); got != "http://localhost:80" {
		t.Errorf("base URL %q", got)
	}
	s.URL = "https://docket.example"
	if got := s.BaseURL("0.0.0.0:80"); got != s.URL {
		t.Errorf("base URL %q", got)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://docket:hush@db/docket?sslpassword=hush": "postgres://docket:xxxxx@db/docket",
		"mysql://docket:hush@db/docket?tls=true":            "mysql://docket:xxxxx@db/docket",
		"nats://a:hush@one:4222,nats://a:hush@two:4222":     "nats://a:xxxxx@one:4222,nats://a:xxxxx@two:4222",
		"sqlite:/data/rows.db":                              "sqlite:/data/rows.db",
	} {
		if got := WithoutSecrets(address); got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
}
