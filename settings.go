package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/notifier"
	"github.com/docketlog/docket/projections"
	"github.com/docketlog/docket/traces"
)

// Settings is everything that can be configured. What each means is said by
// [Settings.table].
type Settings struct {
	Data, HTTP, URL, TLSCert, TLSKey, Proxies                                                            string
	NATS, NATSCA, NATSCert, NATSKey, Replicas, Database, Readers, SMTP, MailFrom, Rate, LogLevel, Traces string
	LogJSON                                                                                              bool

	copies       int      // Replicas, once it is checked
	proxies      proxies  // Proxies, likewise
	readReplicas []string // Readers, likewise
	rate         int      // Rate, likewise
}

// setting is one of them: a flag, and a variable that says the same.
type setting struct {
	value    pflag.Value
	name     string
	variable string
	initial  string
	meaning  string
}

// table is every setting, as flags and as variables. docs/operations/settings.md holds
// the same table; a test compares them.
func (s *Settings) table() []setting {
	return []setting{
		{word{&s.Data, "FOLDER"}, "data", "DOCKET_DATA", "docket-data",
			"Folder that holds everything kept on this machine: the embedded log, rows, undelivered mail."},
		{word{&s.HTTP, "ADDRESS"}, "http", "DOCKET_HTTP", "",
			"Address to serve HTTP on. The gateway's default is 127.0.0.1:8080; projector and notifier serve health and metrics here if it is set."},
		{word{&s.URL, "URL"}, "url", "DOCKET_URL", "",
			"Address by which people reach the gateway, for links in mail; https:// makes cookies secure. Default: http:// and the address served; the notifier role needs it."},
		{word{&s.TLSCert, "FILE"}, "tls-cert", "DOCKET_TLS_CERT", "",
			"Certificate chain to serve HTTPS with, as PEM, read again when it is renewed; without it HTTP is served, for a proxy or this machine alone."},
		{word{&s.TLSKey, "FILE"}, "tls-key", "DOCKET_TLS_KEY", "",
			"The certificate's private key, as PEM."},
		{word{&s.Proxies, "NETWORKS"}, "trusted-proxies", "DOCKET_TRUSTED_PROXIES", "",
			"Proxies in front of the gateway, such as 10.0.0.0/8,127.0.0.1: their X-Forwarded-For says who the client is, by which attempts are limited."},
		{word{&s.NATS, "URL"}, "nats", "DOCKET_NATS", "",
			"NATS servers, nats://user:password@host:4222,… ; without it one is embedded, on loopback, with its data in the data folder; the separate roles need it."},
		{word{&s.NATSCA, "FILE"}, "nats-ca", "DOCKET_NATS_CA", "",
			"Certificates, PEM, of whoever vouches for the NATS servers; connections are then encrypted or not made. Default: the system's, for addresses with tls://."},
		{word{&s.NATSCert, "FILE"}, "nats-cert", "DOCKET_NATS_CERT", "",
			"Certificate chain to show the NATS servers, PEM, where they ask for one; read again when it is renewed."},
		{word{&s.NATSKey, "FILE"}, "nats-key", "DOCKET_NATS_KEY", "",
			"That certificate's private key, PEM."},
		{word{&s.Replicas, "N"}, "replicas", "DOCKET_REPLICAS", "1",
			"Copies of the log and the buckets on the NATS cluster: 1, 3 or 5. Used when they are first made, and by setup, which brings those that exist to as many."},
		{word{&s.Database, "URL"}, "database", "DOCKET_DATABASE", "",
			"Where the rows are kept: sqlite:FILE, postgres://user:password@host/name or mysql://user:password@host/name. Default: rows.db in the data folder."},
		{word{&s.Readers, "URLS"}, "read-replicas", "DOCKET_READ_REPLICAS", "",
			"More databases with the same rows, each kept by projectors of its own, with spaces between: a gateway answers from the freshest it can reach, and from --database or the one named earlier where they are equally fresh."},
		{word{&s.SMTP, "URL"}, "smtp", "DOCKET_SMTP", "",
			"Mail server, smtp://user:password@host:587 (STARTTLS) or smtps://…:465; without it mails are kept as files in the data folder."},
		{word{&s.MailFrom, "ADDRESS"}, "mail-from", "DOCKET_MAIL_FROM", "Docket <docket@localhost>",
			"Sender of mails."},
		{word{&s.Rate, "N"}, "request-rate", "DOCKET_REQUEST_RATE", "100",
			"Requests a second that one person, or one network address of somebody who has not signed in, may send for long; five times as many at once; 0 for no limit."},
		{word{&s.LogLevel, "LEVEL"}, "log-level", "DOCKET_LOG_LEVEL", "warn",
			"What the program logs: debug, info, warn or error."},
		{word{&s.Traces, "URL"}, "traces", "OTEL_EXPORTER_OTLP_ENDPOINT", "",
			"OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318; without it nothing is traced."},
		{yes{&s.LogJSON}, "log-json", "DOCKET_LOG_JSON", "",
			"Log lines of JSON instead of text."},
	}
}

// complete fills in what depends on other settings and checks all of them, for
// a process that is one role of several, or for any other if role is empty. All
// that is wrong is reported together.
func (s *Settings) complete(role string) error {
	var errs []error
	wrong := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("  --%s: %s", name, fmt.Sprintf(format, args...)))
	}
	if s.Data == "" {
		wrong("data", "must name a folder")
	}
	if s.HTTP != "" {
		if _, port, err := net.SplitHostPort(s.HTTP); err != nil {
			wrong("http", "must be host:port such as 127.0.0.1:8080, have %q", s.HTTP)
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			wrong("http", "port must be a number from 0 to 65535, have %q", port)
		}
	}
	if s.URL != "" {
		if u, err := url.Parse(s.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			wrong("url", "must be http:// or https:// and a host, without query or fragment, have %q", s.URL)
		}
		s.URL = strings.TrimRight(s.URL, "/")
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		wrong("tls-cert", "and --tls-key go together; one of them is not set")
	}
	var err error
	if s.proxies, err = parseProxies(s.Proxies); err != nil {
		wrong("trusted-proxies", "%v", err)
	}
	if s.NATS != "" {
		if err := broker.CheckAddress(s.NATS); err != nil {
			wrong("nats", "%v", err)
		}
	} else if role != "" {
		wrong("nats", "must be set: the %s works on the log of others, and an embedded one would be its own", role)
	}
	if s.rate, err = strconv.Atoi(cmp.Or(s.Rate, "100")); err != nil || s.rate < 0 {
		wrong("request-rate", "must be a whole number, 0 for no limit, have %q", s.Rate)
	}
	if s.NATSCA != "" {
		if s.NATS == "" {
			wrong("nats-ca", "the embedded log needs none; name a cluster with --nats")
		} else if pem, err := os.ReadFile(s.NATSCA); err != nil {
			wrong("nats-ca", "%v", err)
		} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			wrong("nats-ca", "%s holds no certificate in PEM", s.NATSCA)
		}
	}
	switch {
	case (s.NATSCert == "") != (s.NATSKey == ""):
		wrong("nats-cert", "and --nats-key go together; one of them is not set")
	case s.NATSCert != "" && s.NATS == "":
		wrong("nats-cert", "the embedded log asks for none; name a cluster with --nats")
	case s.NATSCert != "":
		if _, err := tls.LoadX509KeyPair(s.NATSCert, s.NATSKey); err != nil {
			wrong("nats-cert", "%v", err)
		}
	}
	switch s.Replicas {
	case "", "1":
		s.copies = 1
	case "3", "5":
		s.copies = int(s.Replicas[0] - '0')
	default:
		wrong("replicas", "must be 1, 3 or 5, have %q", s.Replicas)
	}
	if s.copies > 1 && s.NATS == "" {
		wrong("replicas", "the embedded log has one copy; name a cluster with --nats")
	}
	if s.Database == "" {
		s.Database = "sqlite:" + filepath.Join(s.Data, "rows.db")
	} else if err := checkDatabase(s.Database); err != nil {
		wrong("database", "%v", err)
	}
	s.readReplicas = strings.Fields(s.Readers)
	if len(s.readReplicas) > 0 && role != "gateway" {
		wrong("read-replicas", "only the gateway role reads several databases; each projector keeps the one of --database")
	}
	for i, database := range s.readReplicas {
		if err := checkDatabase(database); err != nil {
			wrong("read-replicas", "number %d %v", i+1, err)
		} else if database == s.Database || slices.Contains(s.readReplicas[:i], database) {
			wrong("read-replicas", "number %d is named twice", i+1)
		}
	}
	if s.SMTP != "" {
		if err := notifier.CheckSMTP(s.SMTP); err != nil {
			wrong("smtp", "%v", err)
		}
	}
	if role == "notifier" && s.URL == "" {
		wrong("url", "must be set: mails link to the gateway, which is elsewhere")
	}
	if _, err := mail.ParseAddress(s.MailFrom); err != nil {
		wrong("mail-from", "must be an address such as Docket <docket@example.org>, have %q", s.MailFrom)
	}
	if s.Traces != "" {
		if err := traces.Check(s.Traces); err != nil {
			wrong("traces", "%v", err)
		}
	}
	if _, err := s.level(); err != nil {
		wrong("log-level", "must be debug, info, warn or error, have %q", s.LogLevel)
	}
	return errors.Join(errs...)
}

// checkDatabase says what is wrong with the URL of a database, without what is
// secret in it.
func checkDatabase(database string) error {
	switch scheme, rest, _ := strings.Cut(database, ":"); scheme {
	case "sqlite":
		if rest == "" {
			return errors.New("sqlite: must be followed by a file")
		}
	case "postgres", "postgresql":
		if u, err := url.Parse(database); err != nil || u.Host == "" {
			return errors.New("must be postgres://user:password@host:port/name")
		}
	case "mysql":
		return projections.CheckMySQL(database)
	default:
		return errors.New("must begin with sqlite:, postgres:// or mysql://")
	}
	return nil
}

func (s *Settings) level() (slog.Level, error) {
	var level slog.Level
	err := level.UnmarshalText([]byte(s.LogLevel))
	return level, err
}

func (s *Settings) logger(w io.Writer) *slog.Logger {
	level, _ := s.level()
	options := &slog.HandlerOptions{Level: level}
	if s.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// scheme is that of what this process serves itself.
func (s *Settings) scheme() string {
	if s.TLSCert != "" {
		return "https"
	}
	return "http"
}

// baseURL is where people reach a gateway that serves on the given address.
func (s *Settings) baseURL(address string) string {
	if s.URL != "" {
		return s.URL
	}
	if host, port, err := net.SplitHostPort(address); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		address = net.JoinHostPort("localhost", port)
	}
	return s.scheme() + "://" + address
}
