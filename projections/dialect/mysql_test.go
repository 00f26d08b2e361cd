package dialect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMySQLAddress(t *testing.T) {
	t.Parallel()
	authority := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(authority, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"mysql://docket:p%40ss@db/rows":                         "docket p@ss db:3306 rows",
		"mysql://docket@[::1]:3307/rows":                        "docket  [::1]:3307 rows",
		"mysql://d:x@db/rows?tls=true":                          "d x db:3306 rows tls",
		"mysql://d:x@db/rows?tls=skip-verify":                   "d x db:3306 rows tls unverified",
		"mysql://d:x@db/rows?tls=preferred":                     "d x db:3306 rows tls unverified or plain",
		"mysql://d:x@db/rows?tls=false":                         "d x db:3306 rows",
		"mysql://d:hush@db":                                     "!must be mysql://",
		"mysql://d:hush@/rows":                                  "!must be mysql://",
		"mysql://d:hush@db:port/rows":                           "!invalid port",
		"mysql://d:hush@db/rows?tls=yes":                        "!tls must be",
		"mysql://d:hush@db/rows?multiStatements=true":           "!unknown parameter",
		"mysql://d:hush@db/rows?tls-ca=/nonexistent/ca":         "!tls-ca",
		"mysql://d:hush@db/rows?tls-ca=" + authority:            "!contains no PEM certificate",
		"mysql://d:hush@db/rows?tls=false&tls-ca=" + authority:  "!tls=false",
		"mysql://d:hush@db/rows?tls-cert=/nonexistent/cert.pem": "!tls-cert",
	} {
		config, err := parseMySQL(address)
		if problem, refused := strings.CutPrefix(want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v, want %q", address, err, problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		have := strings.Join([]string{config.User, config.Passwd, config.Addr, config.DBName}, " ")
		if config.TLS != nil {
			have += " tls"
			if config.TLS.InsecureSkipVerify {
				have += " unverified"
			}
			if config.AllowFallbackToPlaintext {
				have += " or plain"
			}
		}
		if have != want {
			t.Errorf("%s is %q, want %q", address, have, want)
		}
	}
}
