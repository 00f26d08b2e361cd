package smtp

import (
	"strings"
	"testing"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"smtp://mail.test":                           true,
		"smtp://user:pass@mail.test:2525":            true,
		"smtps://user:pass@mail.test":                true,
		"smtp://mail.test?tls=off":                   true,
		"smtp://user:pass@127.0.0.1:25?tls=off":      true,
		"smtp://user:pass@localhost?tls=required":    true,
		"smtp://user:pass@mail.test?tls=off":         false,
		"smtps://mail.test?tls=off":                  false,
		"smtp://mail.test?tls=maybe":                 false,
		"smtp://mail.test?timeout=3":                 false,
		"smtp://mail.test/path":                      false,
		"smtp://mail.test:0":                         false,
		"smtp://mail.test:70000":                     false,
		"http://mail.test":                           false,
		"mail.test":                                  false,
		"":                                           false,
		"smtp://user:s3cret\x7f@mail.test":           false,
		"smtp://user:s3cret@mail.test?tls=off&a=b%z": false,
	} {
		err := Check(url)
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "pass@")) {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}
