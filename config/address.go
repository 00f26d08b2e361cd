package config

import (
	"net/url"
	"strings"
)

// WithoutSecrets returns an address, or several separated by commas, in a form
// that can be shown: without passwords and parameters.
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

// Hosts returns the hosts of an address, without the user.
func Hosts(address string) string {
	var all []string
	for one := range strings.SplitSeq(address, ",") {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil {
			all = append(all, u.Host)
		}
	}
	return strings.Join(all, ", ")
}
