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
			Meaning: "Folder that holds everything kept on this machine: the embedded log, rows, undelivered mail."},
		{Name: "http", Variable: "DOCKET_HTTP", Value: Text{&s.HTTP, "ADDRESS"}, check: s.checkHTTP,
			Meaning: "Address to serve HTTP on. The gateway's default is 127.0.0.1:8080; projector and notifier serve health and metrics here if it is set."},
		{Name: "url", Variable: "DOCKET_URL", Value: Text{&s.URL, "URL"}, check: s.checkURL,
			Meaning: "Address by which people reach the gateway, for links in mail; https:// makes cookies secure. Default: http:// and the address served; the notifier role needs it."},
		{Name: "tls-cert", Variable: "DOCKET_TLS_CERT", Value: Text{&s.TLSCert, "FILE"}, check: s.checkTLSCert,
			Meaning: "Certificate chain to serve HTTPS with, as PEM, read again when it is renewed; without it HTTP is served, for a proxy or this machine alone."},
		{Name: "tls-key", Variable: "DOCKET_TLS_KEY", Value: Text{&s.TLSKey, "FILE"},
			Meaning: "The certificate's private key, as PEM."},
		{Name: "trusted-proxies", Variable: "DOCKET_TRUSTED_PROXIES", Value: Text{&s.given.proxies, "NETWORKS"}, check: s.checkProxies,
			Meaning: "Proxies in front of the gateway, such as 10.0.0.0/8,127.0.0.1: their X-Forwarded-For says who the client is, by which attempts are limited."},
		{Name: "nats", Variable: "DOCKET_NATS", Value: Text{&s.NATS, "URL"}, Secret: true, check: s.checkNATS,
			Meaning: "NATS servers, nats://user:password@host:4222,… ; without it one is embedded, on loopback, with its data in the data folder; the separate roles need it."},
		{Name: "nats-ca", Variable: "DOCKET_NATS_CA", Value: Text{&s.NATSCA, "FILE"}, check: s.checkNATSCA,
			Meaning: "Certificates, PEM, of whoever vouches for the NATS servers; connections are then encrypted or not made. Default: the system's, for addresses with tls://."},
		{Name: "nats-cert", Variable: "DOCKET_NATS_CERT", Value: Text{&s.NATSCert, "FILE"}, check: s.checkNATSCert,
			Meaning: "Certificate chain to show the NATS servers, PEM, where they ask for one; read again when it is renewed."},
		{Name: "nats-key", Variable: "DOCKET_NATS_KEY", Value: Text{&s.NATSKey, "FILE"},
			Meaning: "That certificate's private key, PEM."},
		{Name: "replicas", Variable: "DOCKET_REPLICAS", Value: Text{&s.given.copies, "N"}, Initial: "1", check: s.checkCopies,
			Meaning: "Copies of the log and the buckets on the NATS cluster: 1, 3 or 5. Used when they are first made, and by setup, which brings those that exist to as many."},
		{Name: "database", Variable: "DOCKET_DATABASE", Value: Text{&s.Database, "URL"}, Secret: true, check: s.checkDatabase,
			Meaning: "Where the rows are kept: sqlite:FILE, postgres://user:password@host/name or mysql://user:password@host/name. Default: rows.db in the data folder."},
		{Name: "read-replicas", Variable: "DOCKET_READ_REPLICAS", Value: Text{&s.given.readReplicas, "URLS"}, Secret: true, check: s.checkReadReplicas,
			Meaning: "More databases with the same rows, each kept by projectors of its own, with spaces between: a gateway answers from the freshest it can reach, and from --database or the one named earlier where they are equally fresh."},
		{Name: "smtp", Variable: "DOCKET_SMTP", Value: Text{&s.SMTP, "URL"}, Secret: true, check: s.checkSMTP,
			Meaning: "Mail server, smtp://user:password@host:587 (STARTTLS) or smtps://…:465; without it mails are kept as files in the data folder."},
		{Name: "mail-from", Variable: "DOCKET_MAIL_FROM", Value: Text{&s.MailFrom, "ADDRESS"}, Initial: "Docket <docket@localhost>", check: s.checkMailFrom,
			Meaning: "Sender of mails."},
		{Name: "request-rate", Variable: "DOCKET_REQUEST_RATE", Value: Text{&s.given.requestRate, "N"}, Initial: "100", check: s.checkRequestRate,
			Meaning: "Requests a second that one person, or one network address of somebody who has not signed in, may send for long; five times as many at once; 0 for no limit."},
		{Name: "log-level", Variable: "DOCKET_LOG_LEVEL", Value: Text{&s.given.logLevel, "LEVEL"}, Initial: "warn", check: s.checkLogLevel,
			Meaning: "What the program logs: debug, info, warn or error."},
		{Name: "traces", Variable: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: Text{&s.Traces, "URL"}, check: s.checkTraces,
			Meaning: "OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318; without it nothing is traced."},
		{Name: "log-json", Variable: "DOCKET_LOG_JSON", Value: Switch{&s.LogJSON},
			Meaning: "Log lines of JSON instead of text."},
	}
}

func (s *Settings) checkData(wrong wrong) {
	if s.Data == "" {
		wrong("must name a folder")
	}
}

func (s *Settings) checkHTTP(wrong wrong) {
	if s.HTTP == "" {
		return
	}
	if _, port, err := net.SplitHostPort(s.HTTP); err != nil {
		wrong("must be host:port such as 127.0.0.1:8080, have %q", s.HTTP)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		wrong("port must be a number from 0 to 65535, have %q", port)
	}
}

func (s *Settings) checkURL(wrong wrong) {
	if s.URL == "" {
		if s.process.LinksElsewhere {
			wrong("must be set: mails link to the gateway, which is elsewhere")
		}
		return
	}
	if u, err := url.Parse(s.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		wrong("must be http:// or https:// and a host, without query or fragment, have %q", s.URL)
	}
	s.URL = strings.TrimRight(s.URL, "/")
}

func (s *Settings) checkTLSCert(wrong wrong) {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		wrong("and --tls-key go together; one of them is not set")
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
		wrong("must be set: the %s works on the log of others, and an embedded one would be its own", s.process.Role)
	}
}

func (s *Settings) checkNATSCA(wrong wrong) {
	if s.NATSCA == "" {
		return
	}
	if s.NATS == "" {
		wrong("the embedded log needs none; name a cluster with --nats")
	} else if pem, err := os.ReadFile(s.NATSCA); err != nil {
		wrong("%v", err)
	} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		wrong("%s holds no certificate in PEM", s.NATSCA)
	}
}

func (s *Settings) checkNATSCert(wrong wrong) {
	switch {
	case (s.NATSCert == "") != (s.NATSKey == ""):
		wrong("and --nats-key go together; one of them is not set")
	case s.NATSCert != "" && s.NATS == "":
		wrong("the embedded log asks for none; name a cluster with --nats")
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
		wrong("must be 1, 3 or 5, have %q", text)
	}
	if s.Copies > 1 && s.NATS == "" {
		wrong("the embedded log has one copy; name a cluster with --nats")
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
		wrong("only the gateway role reads several databases; each projector keeps the one of --database")
	}
	for i, database := range s.ReadReplicas {
		if err := databaseURL(database); err != nil {
			wrong("number %d %v", i+1, err)
		} else if database == s.Database || slices.Contains(s.ReadReplicas[:i], database) {
			wrong("number %d is named twice", i+1)
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
		wrong("must be an address such as Docket <docket@example.org>, have %q", s.MailFrom)
	}
}

func (s *Settings) checkRequestRate(wrong wrong) {
	var err error
	if s.RequestRate, err = strconv.Atoi(cmp.Or(s.given.requestRate, "100")); err != nil || s.RequestRate < 0 {
		wrong("must be a whole number, 0 for no limit, have %q", s.given.requestRate)
	}
}

func (s *Settings) checkLogLevel(wrong wrong) {
	if err := s.LogLevel.UnmarshalText([]byte(s.given.logLevel)); err != nil {
		wrong("must be debug, info, warn or error, have %q", s.given.logLevel)
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
