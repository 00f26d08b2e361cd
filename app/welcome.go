package app

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/docketlog/docket/config"
)

// notes is where a role prints what a user needs to know, once.
type notes struct {
	out  io.Writer
	demo bool // the demo was added
}

// tell prints names and their values, without passwords.
func (n notes) tell(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(n.out, "  %-7s %s\n", pairs[i], config.WithoutSecrets(pairs[i+1]))
	}
}

// address returns where this process serves.
func (s *system) address() string {
	return s.settings.Scheme() + "://" + s.listener.Addr().String()
}

func (s *system) welcomePeople(n notes) {
	fmt.Fprintf(n.out, "Docket is ready at %s\n", s.address())
	if s.broker != nil {
		data, err := filepath.Abs(s.settings.Data)
		if err != nil {
			data = s.settings.Data
		}
		n.tell("log", "embedded, in "+data+"; acknowledged changes are on disk")
	} else {
		n.tell("log", s.settings.NATS)
	}
	n.tell("rows", s.settings.Database, "mail", s.mailPlace())
	if n.demo {
		n.tell("demo", "sign in as "+demoEmails()+"; password "+demoPassword)
	}
	n.tell("people", "the first account you register becomes the administrator", "api", s.address()+"/openapi.json")
	fmt.Fprintln(n.out, "Press Ctrl+C to stop. All data is kept.")
}

func (s *system) welcomeGateway(n notes) {
	fmt.Fprintf(n.out, "Docket gateway is ready at %s\n", s.address())
	n.tell("log", s.settings.NATS, "rows", s.settings.Database)
	for _, database := range s.settings.ReadReplicas {
		n.tell("or", database)
	}
}

func (s *system) welcomeProjector(n notes) {
	s.tellOperations(n, "projector")
	n.tell("log", s.settings.NATS, "rows", s.settings.Database)
}

func (s *system) welcomeNotifier(n notes) {
	s.tellOperations(n, "notifier")
	n.tell("log", s.settings.NATS, "mail", s.mailPlace())
}

// tellOperations prints where a role without a gateway can be monitored.
func (s *system) tellOperations(n notes, role string) {
	if s.listener == nil {
		fmt.Fprintf(n.out, "Docket %s is running; set --http to serve health checks and metrics\n", role)
		return
	}
	fmt.Fprintf(n.out, "Docket %s is running; health checks and metrics at http://%s\n", role, s.listener.Addr())
}

func demoEmails() string {
	var all []string
	for _, p := range demoPeople {
		all = append(all, p.Email)
	}
	return strings.Join(all, ", ")
}
