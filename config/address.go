package config

import (
	"net/url"
	"strings"
)

// WithoutSecrets is an address, or several with commas between, as it may be
// shown: without passwords and parameters.
func WithoutSecrets(address string) string {
	if !strings.Contains(address, "://") {
		return address
	}
	var shown []string
	for _, one := range strings.Split(address, ",") {
		u, err := url.Parse(one)
		if err != nil {
			return "(set)"
		}
		u.RawQuery = ""
		shown = append(shown, u.Redacted())
	}
	return strings.Join(shown, ",")
}

// Hosts is where the servers of an address are, without who asks them.
func Hosts(address string) string {
	var all []string
	for one := range strings.SplitSeq(address, ",") {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil {
			all = append(all, u.Host)
		}
	}
	return strings.Join(all, ", ")
}
