package config

import (
	"net/http"
	"testing"
)

func TestOnlyProxiesAreBelieved(t *testing.T) {
	t.Parallel()
	trusted, err := parseProxies("10.0.0.0/8, 127.0.0.1,::1")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		peer string
		said []string
		want string
	}{
		"a client that speaks for itself":   {"192.0.2.7:1234", []string{"198.51.100.1"}, "192.0.2.7:1234"},
		"a proxy's word":                    {"10.1.2.3:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		"what the client wrote is left out": {"10.1.2.3:1234", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		"a chain of proxies":                {"127.0.0.1:1234", []string{"198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		"several headers":                   {"127.0.0.1:1234", []string{"198.51.100.1", "10.9.9.9"}, "198.51.100.1"},
		"a proxy that says nothing":         {"10.1.2.3:1234", nil, "10.1.2.3"},
		"nonsense":                          {"10.1.2.3:1234", []string{"unknown"}, "10.1.2.3"},
		"version six":                       {"[::1]:1234", []string{"2001:db8::1"}, "2001:db8::1"},
		"four in six":                       {"[::ffff:10.1.2.3]:1234", []string{"198.51.100.1"}, "198.51.100.1"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.said}}
		if got := trusted.Client(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := (Proxies)(nil).Client(&http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}}}); got != "127.0.0.1:1" {
		t.Errorf("where none is trusted: %s", got)
	}
	if _, err := parseProxies("10.0.0.0/33"); err == nil {
		t.Error("a network that is none is accepted")
	}
}
