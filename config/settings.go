package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
)

// Settings holds everything that can be configured. [Settings.Table] has the
// meaning of each setting. They are complete once [Settings.Complete] has found
// no mistake.
type Settings struct {
	Data            string // folder
	HTTP            string // host:port, empty for the role's default
	URL             string // without a trailing slash
	TLSCert, TLSKey string
	Proxies         Proxies
	NATS            string // empty for an embedded server
	NATSCA          string
	NATSCert        string
	NATSKey         string
	Copies          int    // of streams and buckets, at least 1
	Database        string // URL
	ReadReplicas    []string
	SMTP            string // empty for files in the data folder
	MailFrom        string
	RequestRate     int // per second; 0 for no limit
	LogLevel        slog.Level
	LogJSON         bool
	Traces          string // empty for none

	given   given
	process Process
}

// given is the text of settings that are parsed when they are checked.
type given struct{ proxies, copies, readReplicas, requestRate, logLevel string }

// Process describes the process that the settings are for. The zero Process has
// no requirements beyond the checks of each setting.
type Process struct {
	// Role is the role of the process, if it is one of several, which need a
	// shared NATS server.
	Role string
	// LinksElsewhere reports that the process writes links but serves no pages.
	LinksElsewhere bool
	// ReadsReplicas reports that the process may read several databases.
	ReadsReplicas bool
}

// Complete reads secret files, sets what depends on other settings and checks
// all of them. The error has a line for each mistake.
func (s *Settings) Complete(process Process, getenv func(string) string) error {
	return errors.Join(s.readSecrets(getenv), s.check(process))
}

// check checks every setting, in the order of the table.
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

// Logger returns a logger that writes to w as configured.
func (s *Settings) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Scheme returns the URL scheme that this process serves.
func (s *Settings) Scheme() string {
	if s.TLSCert != "" {
		return "https"
	}
	return "http"
}

// BaseURL returns the URL of a gateway that serves on the given address.
func (s *Settings) BaseURL(address string) string {
	if s.URL != "" {
		return s.URL
	}
	if host, port, err := net.SplitHostPort(address); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		address = net.JoinHostPort("localhost", port)
	}
	return s.Scheme() + "://" + address
}
