package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
)

// Settings is everything that can be configured. What each means is said by
// [Settings.Table]. They are whole once [Settings.Complete] has found no mistake.
type Settings struct {
	Data            string // folder
	HTTP            string // host:port, empty for the role's default
	URL             string // without a slash at its end
	TLSCert, TLSKey string
	Proxies         Proxies
	NATS            string // empty for an embedded one
	NATSCA          string
	NATSCert        string
	NATSKey         string
	Copies          int    // of streams and buckets, at least 1
	Database        string // by its URL
	ReadReplicas    []string
	SMTP            string // empty for files in the data folder
	MailFrom        string
	RequestRate     int // a second; 0 for no limit
	LogLevel        slog.Level
	LogJSON         bool
	Traces          string // empty for none

	given   given
	process Process
}

// given is the text of settings that are something else once they are checked.
type given struct{ proxies, copies, readReplicas, requestRate, logLevel string }

// Process is what the settings are for. The zero Process needs nothing that is not
// checked by itself.
type Process struct {
	// Role is what the process does of the whole, if it is one of several, which
	// need a NATS that is not their own.
	Role string
	// LinksElsewhere says that it writes links and serves no pages.
	LinksElsewhere bool
	// ReadsReplicas says that it may read several databases.
	ReadsReplicas bool
}

// Complete reads secret files, fills in what depends on other settings and checks
// all of them. The error has a line for each mistake.
func (s *Settings) Complete(process Process, getenv func(string) string) error {
	return errors.Join(s.readSecrets(getenv), s.check(process))
}

// check checks every setting in the order of the table.
func (s *Settings) check(process Process) error {
	s.process = process
	var mistakes []error
	for _, one := range s.Table() {
		if one.check != nil {
			one.check(func(format string, args ...any) {
				mistakes = append(mistakes, fmt.Errorf("  --%s: %s", one.Name, fmt.Sprintf(format, args...)))
			})
		}
	}
	return errors.Join(mistakes...)
}

// Logger logs to w as the settings say.
func (s *Settings) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Scheme is that of what this process serves itself.
func (s *Settings) Scheme() string {
	if s.TLSCert != "" {
		return "https"
	}
	return "http"
}

// BaseURL is where people reach a gateway that serves on the given address.
func (s *Settings) BaseURL(address string) string {
	if s.URL != "" {
		return s.URL
	}
	if host, port, err := net.SplitHostPort(address); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		address = net.JoinHostPort("localhost", port)
	}
	return s.Scheme() + "://" + address
}
