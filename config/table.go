package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
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
	"github.com/docketlog/docket/notifier/smtp"
	"github.com/docketlog/docket/projections"
	"github.com/docketlog/docket/traces"
)

// Setting is one line of the table: a flag, and an environment variable with
// the same effect.
type Setting struct {
	Name     string // of the flag
	Variable string
	Initial  string
	Meaning  string
	// Secret reports that the value may hold a password: it can be read from a
	// file, named by [Setting.FileVariable], and is never shown.
	Secret bool
	// Value is where the value is stored.
	Value pflag.Value
	// check reports what is wrong with the value. It can rely on the checks of
	// the lines above it.
	check func(wrong)
}

// wrong reports a mistake, as text that follows the name of the flag.
type wrong func(format string, args ...any)

// Table returns every setting. docs/operations/settings.md holds the same
// table; a test compares them.
func (s *Settings) Table() []Setting {
	return []Setting{
		{Name: "data", Variable: "DOCKET_DATA", Value: Text{&s.Data, "FOLDER"}, Initial: "docket-data", check: s.checkData,
			Meaning: "Folder for all data kept on this machine: the embedded log, the rows and undelivered mail."},
		{Name: "http", Variable: "DOCKET_HTTP", Value: Text{&s.HTTP, "ADDRESS"}, check: s.checkHTTP,
			Meaning: "Address to serve HTTP on. Default for the gateway: 127.0.0.1:8080. The projector and notifier serve health checks and metrics only if it is set."},
		{Name: "url", Variable: "DOCKET_URL", Value: Text{&s.URL, "URL"}, check: s.checkURL,
			Meaning: "Public URL of the gateway, used for links in mail; https:// makes cookies secure. Default: the address served. Required for the notifier role."},
		{Name: "tls-cert", Variable: "DOCKET_TLS_CERT", Value: Text{&s.TLSCert, "FILE"}, check: s.checkTLSCert,
			Meaning: "Certificate chain (PEM) for HTTPS, reloaded when renewed. Without it, HTTP is served, for use behind a proxy or on this machine only."},
		{Name: "tls-key", Variable: "DOCKET_TLS_KEY", Value: Text{&s.TLSKey, "FILE"},
			Meaning: "Private key (PEM) of --tls-cert."},
		{Name: "trusted-proxies", Variable: "DOCKET_TRUSTED_PROXIES", Value: Text{&s.given.proxies, "NETWORKS"}, check: s.checkProxies,
			Meaning: "Proxies in front of the gateway, such as 10.0.0.0/8,127.0.0.1. Their X-Forwarded-For header identifies the client for request and sign-in limits."},
		{Name: "nats", Variable: "DOCKET_NATS", Value: Text{&s.NATS, "URL"}, Secret: true, check: s.checkNATS,
			Meaning: "NATS servers, separated by commas: nats://user:password@host:4222,… Without it, a server is embedded, on loopback, with its data in the data folder. Required for the separate roles."},
		{Name: "nats-ca", Variable: "DOCKET_NATS_CA", Value: Text{&s.NATSCA, "FILE"}, check: s.checkNATSCA,
			Meaning: "CA certificates (PEM) used to verify the NATS servers; unencrypted connections are then refused. Default for tls:// addresses: the system's."},
		{Name: "nats-cert", Variable: "DOCKET_NATS_CERT", Value: Text{&s.NATSCert, "FILE"}, check: s.checkNATSCert,
			Meaning: "Client certificate chain (PEM) for NATS servers that require one, reloaded when renewed."},
		{Name: "nats-key", Variable: "DOCKET_NATS_KEY", Value: Text{&s.NATSKey, "FILE"},
			Meaning: "Private key (PEM) of --nats-cert."},
		{Name: "replicas", Variable: "DOCKET_REPLICAS", Value: Text{&s.given.copies, "N"}, Initial: "1", check: s.checkCopies,
			Meaning: "Replicas of the log and the buckets on the NATS cluster: 1, 3 or 5. Used when they are created, and by setup, which also changes existing ones."},
		{Name: "database", Variable: "DOCKET_DATABASE", Value: Text{&s.Database, "URL"}, Secret: true, check: s.checkDatabase,
			Meaning: "Database for the rows: sqlite:FILE, postgres://user:password@host/name or mysql://user:password@host/name. Default: rows.db in the data folder."},
		{Name: "read-replicas", Variable: "DOCKET_READ_REPLICAS", Value: Text{&s.given.readReplicas, "URLS"}, Secret: true, check: s.checkReadReplicas,
			Meaning: "Additional databases with the same rows, separated by spaces, each maintained by its own projectors. A gateway queries the most up-to-date database it can reach; if several are equally up to date, it prefers --database, then the one listed first."},
		{Name: "smtp", Variable: "DOCKET_SMTP", Value: Text{&s.SMTP, "URL"}, Secret: true, check: s.checkSMTP,
			Meaning: "Mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. Without it, mail is written to files in the data folder."},
		{Name: "mail-from", Variable: "DOCKET_MAIL_FROM", Value: Text{&s.MailFrom, "ADDRESS"}, Initial: "Docket <docket@localhost>", check: s.checkMailFrom,
			Meaning: "Sender address of mail."},
		{Name: "request-rate", Variable: "DOCKET_REQUEST_RATE", Value: Text{&s.given.requestRate, "N"}, Initial: "100", check: s.checkRequestRate,
			Meaning: "Sustained limit of requests per second for each person, or for each network address before sign-in; bursts of up to five times; 0 for no limit."},
		{Name: "log-level", Variable: "DOCKET_LOG_LEVEL", Value: Text{&s.given.logLevel, "LEVEL"}, Initial: "warn", check: s.checkLogLevel,
			Meaning: "Minimum level of log messages: debug, info, warn or error."},
		{Name: "traces", Variable: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: Text{&s.Traces, "URL"}, check: s.checkTraces,
			Meaning: "OpenTelemetry collector for OTLP over HTTP, such as http://127.0.0.1:4318. Without it, tracing is off."},
		{Name: "log-json", Variable: "DOCKET_LOG_JSON", Value: Switch{&s.LogJSON},
			Meaning: "Write log messages as JSON instead of text."},
	}
}

func (s *Settings) checkData(wrong wrong) {
	if s.Data == "" {
		wrong("is required")
	}
}

func (s *Settings) checkHTTP(wrong wrong) {
	if s.HTTP == "" {
		return
	}
	if _, port, err := net.SplitHostPort(s.HTTP); err != nil {
		wrong("must be host:port such as 127.0.0.1:8080; got %q", s.HTTP)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		wrong("port must be a number from 0 to 65535; got %q", port)
	}
}

func (s *Settings) checkURL(wrong wrong) {
	if s.URL == "" {
		if s.process.LinksElsewhere {
			wrong("is required: mail contains links to the gateway")
		}
		return
	}
	if u, err := url.Parse(s.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		wrong("must be http:// or https:// and a host, without query or fragment; got %q", s.URL)
	}
	s.URL = strings.TrimRight(s.URL, "/")
}

func (s *Settings) checkTLSCert(wrong wrong) {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		wrong("requires --tls-key and vice versa; set both")
	}
}

func (s *Settings) checkProxies(wrong wrong) {
	var err error
	if s.Proxies, err = parseProxies(s.given.proxies); err != nil {
		wrong("%v", err)
	}
}

func (s *Settings) checkNATS(wrong wrong) {
	if s.NATS != "" {
		if err := broker.CheckAddress(s.NATS); err != nil {
			wrong("%v", err)
		}
	} else if s.process.Role != "" {
		wrong("is required: a %s needs a shared NATS server", s.process.Role)
	}
}

func (s *Settings) checkNATSCA(wrong wrong) {
	if s.NATSCA == "" {
		return
	}
	if s.NATS == "" {
		wrong("requires --nats; the embedded log uses no certificates")
	} else if pem, err := os.ReadFile(s.NATSCA); err != nil {
		wrong("%v", err)
	} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		wrong("%s contains no PEM certificate", s.NATSCA)
	}
}

func (s *Settings) checkNATSCert(wrong wrong) {
	switch {
	case (s.NATSCert == "") != (s.NATSKey == ""):
		wrong("requires --nats-key and vice versa; set both")
	case s.NATSCert != "" && s.NATS == "":
		wrong("requires --nats; the embedded log uses no certificates")
	case s.NATSCert != "":
		if _, err := tls.LoadX509KeyPair(s.NATSCert, s.NATSKey); err != nil {
			wrong("%v", err)
		}
	}
}

func (s *Settings) checkCopies(wrong wrong) {
	switch text := s.given.copies; text {
	case "", "1":
		s.Copies = 1
	case "3", "5":
		s.Copies = int(text[0] - '0')
	default:
		wrong("must be 1, 3 or 5; got %q", text)
	}
	if s.Copies > 1 && s.NATS == "" {
		wrong("requires --nats; the embedded log has one replica")
	}
}

func (s *Settings) checkDatabase(wrong wrong) {
	if s.Database == "" {
		s.Database = "sqlite:" + filepath.Join(s.Data, "rows.db")
	} else if err := databaseURL(s.Database); err != nil {
		wrong("%v", err)
	}
}

func (s *Settings) checkReadReplicas(wrong wrong) {
	s.ReadReplicas = strings.Fields(s.given.readReplicas)
	if len(s.ReadReplicas) > 0 && !s.process.ReadsReplicas {
		wrong("is only supported by the gateway role; a projector maintains only --database")
	}
	for i, database := range s.ReadReplicas {
		if err := databaseURL(database); err != nil {
			wrong("entry %d: %v", i+1, err)
		} else if database == s.Database || slices.Contains(s.ReadReplicas[:i], database) {
			wrong("entry %d is a duplicate", i+1)
		}
	}
}

func (s *Settings) checkSMTP(wrong wrong) {
	if s.SMTP == "" {
		return
	}
	if err := smtp.Check(s.SMTP); err != nil {
		wrong("%v", err)
	}
}

func (s *Settings) checkMailFrom(wrong wrong) {
	if _, err := mail.ParseAddress(s.MailFrom); err != nil {
		wrong("must be an address such as Docket <docket@example.org>; got %q", s.MailFrom)
	}
}

func (s *Settings) checkRequestRate(wrong wrong) {
	var err error
	if s.RequestRate, err = strconv.Atoi(cmp.Or(s.given.requestRate, "100")); err != nil || s.RequestRate < 0 {
		wrong("must be a whole number, 0 for no limit; got %q", s.given.requestRate)
	}
}

func (s *Settings) checkLogLevel(wrong wrong) {
	if err := s.LogLevel.UnmarshalText([]byte(s.given.logLevel)); err != nil {
		wrong("must be debug, info, warn or error; got %q", s.given.logLevel)
	}
}

func (s *Settings) checkTraces(wrong wrong) {
	if s.Traces == "" {
		return
	}
	if err := traces.Check(s.Traces); err != nil {
		wrong("%v", err)
	}
}

// databaseURL reports what is wrong with the URL of a database, without
// revealing secrets in it.
func databaseURL(database string) error {
	switch scheme, rest, _ := strings.Cut(database, ":"); scheme {
	case "sqlite":
		if rest == "" {
			return errors.New("must be sqlite: and a file name")
		}
	case "postgres", "postgresql":
		if u, err := url.Parse(database); err != nil || u.Host == "" {
			return errors.New("must be postgres://user:password@host:port/name")
		}
	case "mysql":
		return projections.CheckMySQL(database)
	default:
		return errors.New("must start with sqlite:, postgres:// or mysql://")
	}
	return nil
}
