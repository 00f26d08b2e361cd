package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/notifier"
)

const defaultHTTP = "127.0.0.1:8080"

// serveCommand is everything in one process.
type serveCommand struct {
	Demo bool
}

func (c *serveCommand) Run(ctx context.Context, env *environment) error {
	tune()
	s, err := open(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openTraces(ctx, "all"); err != nil {
		return err
	}
	if err := s.openRows(ctx); err != nil {
		return err
	}
	listener, handler, err := s.openGateway(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	projector := s.newProjector()
	mail, err := s.newNotifier(ctx, s.settings.baseURL(listener.Addr().String()))
	if err != nil {
		return err
	}
	front, back, err := s.gatewayParts(ctx, listener, handler, s.sources(metrics.Sources{
		Commands: handler.Stats, Rows: projector.Overview, Figures: s.rows.Figures, Notices: mail.Status,
	}))
	if err != nil {
		return err
	}
	back = append(back, part{"projector", projector.Run}, part{"notifier", mail.Run})
	if c.Demo {
		if err := demo(ctx, s.accounts, handler, time.Now()); err != nil {
			return err
		}
	}
	back = append(back, part{"broker", s.watchBroker})
	s.welcome(env.out, listener, c.Demo)
	return runParts(ctx, front, back)
}

// watchBroker ends the program when its own broker can store no more: it would
// answer every write with a time-out until it is started anew.
func (s *system) watchBroker(ctx context.Context) error {
	if s.broker == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case reason := <-s.broker.Failed():
		return fmt.Errorf("the log can take no more (%s), so that %w: make room on the disk or mend it, and start again; what was acknowledged is there", reason, errHopeless)
	}
}

// gatewayCommand is only the gateway.
type gatewayCommand struct{}

func (c *gatewayCommand) Run(ctx context.Context, env *environment) error {
	s, err := open(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openTraces(ctx, "gateway"); err != nil {
		return err
	}
	if err := s.openReplicas(ctx); err != nil {
		return err
	}
	listener, handler, err := s.openGateway(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	front, back, err := s.gatewayParts(ctx, listener, handler, s.sources(metrics.Sources{Commands: handler.Stats}))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.out, "Docket's gateway serves at %s://%s\n", s.settings.scheme(), listener.Addr())
	places := []string{"log", s.settings.NATS, "rows", s.settings.Database}
	for _, database := range s.settings.readReplicas {
		places = append(places, "or", database)
	}
	s.tell(env.out, places...)
	return runParts(ctx, front, back)
}

// openGateway enters the rooms a gateway needs.
func (s *system) openGateway(ctx context.Context) (net.Listener, *commands.Handler, error) {
	if err := s.openAccounts(ctx); err != nil {
		return nil, nil, err
	}
	listener, err := s.listen(defaultHTTP)
	if err != nil {
		return nil, nil, err
	}
	return listener, commands.NewHandler(s.log, commands.Options{Logger: s.logger, Tracer: s.tracer}), nil
}

// projectorCommand is only the projector.
type projectorCommand struct{}

func (c *projectorCommand) Run(ctx context.Context, env *environment) error {
	s, err := open(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openTraces(ctx, "projector"); err != nil {
		return err
	}
	if err := s.openRows(ctx); err != nil {
		return err
	}
	projector := s.newProjector()
	front, err := s.operations(env.out, "projector", s.sources(metrics.Sources{Rows: projector.Overview, Figures: s.rows.Figures}))
	if err != nil {
		return err
	}
	return runParts(ctx, front, []part{{"projector", projector.Run}})
}

// notifierCommand is only the notifier.
type notifierCommand struct{}

func (c *notifierCommand) Run(ctx context.Context, env *environment) error {
	s, err := open(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openTraces(ctx, "notifier"); err != nil {
		return err
	}
	if err := s.openNames(ctx); err != nil {
		return err
	}
	mail, err := s.newNotifier(ctx, s.settings.URL)
	if err != nil {
		return err
	}
	front, err := s.operations(env.out, "notifier", s.sources(metrics.Sources{Notices: mail.Status}))
	if err != nil {
		return err
	}
	return runParts(ctx, front, []part{{"notifier", mail.Run}})
}

func (s *system) listen(fallback string) (net.Listener, error) {
	address := s.settings.HTTP
	if address == "" {
		address = fallback
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot serve on %s (choose another address with --http): %w", address, err)
	}
	return listener, nil
}

// serving is the part that serves HTTP: when it ends, it takes no new requests
// and finishes those in hand.
func serving(listener net.Listener, server *http.Server) part {
	return part{"http", func(ctx context.Context) error {
		failed := make(chan error, 1)
		go func() {
			if server.TLSConfig != nil {
				failed <- server.ServeTLS(listener, "", "")
				return
			}
			failed <- server.Serve(listener)
		}()
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return errors.Join(err, server.Close())
		}
		return nil
	}}
}

// operations serves health and metrics of a role that serves nothing else, if
// an address is set for it.
func (s *system) operations(out io.Writer, role string, sources metrics.Sources) ([]part, error) {
	if s.settings.HTTP == "" {
		fmt.Fprintf(out, "Docket's %s runs; health and metrics are served where --http says\n", role)
		s.tellRole(out)
		return nil, nil
	}
	listener, err := s.listen("")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		_, err := s.log.End(ctx)
		if err == nil && s.rows != nil {
			err = s.rows.Ping(ctx)
		}
		if err != nil {
			s.logger.Warn("not ready", "err", err)
			http.Error(w, "not ready: log or database cannot be reached", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry(sources), promhttp.HandlerOpts{}))
	fmt.Fprintf(out, "Docket's %s runs, health and metrics at http://%s\n", role, listener.Addr())
	s.tellRole(out)
	return []part{serving(listener, &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	})}, nil
}

// welcome tells what a person needs to know, once.
func (s *system) welcome(out io.Writer, listener net.Listener, withDemo bool) {
	data, err := filepath.Abs(s.settings.Data)
	if err != nil {
		data = s.settings.Data
	}
	fmt.Fprintf(out, "Docket is ready at %s://%s\n", s.settings.scheme(), listener.Addr())
	if s.broker != nil {
		s.tell(out, "log", "embedded, in "+data+"; what is acknowledged is on disk")
	} else {
		s.tell(out, "log", s.settings.NATS)
	}
	s.tell(out, "rows", s.settings.Database, "mail", s.mailPlace())
	if withDemo {
		s.tell(out, "demo", "sign in as "+emails()+"; password "+demoPassword)
	}
	s.tell(out, "people", "the first account ever to register is the administrator",
		"api", s.settings.scheme()+"://"+listener.Addr().String()+"/openapi.json")
	fmt.Fprintln(out, "Ctrl+C ends it; starting again goes on where it ended.")
}

// tell prints names and what is to be said of each, without passwords.
func (s *system) tell(out io.Writer, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(out, "  %-7s %s\n", pairs[i], withoutSecrets(pairs[i+1]))
	}
}

// tellRole says what a role works on.
func (s *system) tellRole(out io.Writer) {
	s.tell(out, "log", s.settings.NATS)
	if s.rows != nil {
		s.tell(out, "rows", s.settings.Database)
	} else {
		s.tell(out, "mail", s.mailPlace())
	}
}

// mailPlace is where mails go.
func (s *system) mailPlace() string {
	if s.settings.SMTP == "" {
		return "no --smtp is set: kept as files in " + s.mailFolder()
	}
	return s.settings.SMTP
}

func emails() string {
	var all []string
	for _, p := range demoPeople {
		all = append(all, p.Email)
	}
	return strings.Join(all, ", ")
}

func (s *system) mailFolder() string { return filepath.Join(s.settings.Data, "mail") }

// withoutSecrets is a URL as it may be shown.
func withoutSecrets(address string) string {
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

func (s *system) newNotifier(ctx context.Context, baseURL string) (*notifier.Notifier, error) {
	if s.settings.SMTP == "" {
		if err := os.MkdirAll(s.mailFolder(), 0o700); err != nil {
			return nil, err
		}
	}
	n, err := notifier.New(ctx, notifier.Options{
		Conn: func() (*nats.Conn, error) { return s.connect(ctx) },
		Log:  s.log, People: directory{s.people}, BaseURL: baseURL, From: s.settings.MailFrom,
		SMTP: s.settings.SMTP, MailDir: s.mailFolder(), Replicas: s.settings.copies, Logger: s.logger, Tracer: s.tracer,
	})
	if err == nil {
		s.leave = append(s.leave, n.Close)
	}
	return n, err
}

// directory shows the notifier the people it may write to.
type directory struct{ people people }

func (d directory) Person(ctx context.Context, id uuid.UUID) (notifier.Person, bool, error) {
	p, ok, err := d.people(ctx, id)
	if err != nil || !ok || p.Erased {
		return notifier.Person{}, false, err
	}
	return notifier.Person{ID: p.ID, Name: p.Name, Email: p.Email}, true, nil
}
