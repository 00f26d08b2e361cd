package app

import (
	"context"
	"time"

	"github.com/docketlog/docket/config"
)

// role is what a process can do of the whole.
type role struct {
	name  string // of the command, and of the process in traces
	about string
	// process is what its settings are for.
	process config.Process
	// embeds says that the broker is in this process too, as a rule.
	embeds bool
	// needs are opened in this order before anything starts, and left in the
	// reverse order once all has ended.
	needs []need
	// starts is what then runs.
	starts []start
	// welcome tells who started it what they need to know.
	welcome func(*system, notes)
}

// roles is the table of what a process can be. All of them work on the log, which
// is embedded where no NATS is named, and may have their work traced.
var roles = []role{
	{
		name: "serve", about: "Everything in one process (the default).",
		embeds:  true,
		needs:   []need{database, people, frontDoor, handler, projector, mail},
		starts:  []start{gatewayParts, projectorPart, notifierPart, brokerPart},
		welcome: (*system).welcomePeople,
	},
	{
		name: "gateway", about: "Only the HTTP gateway: commands, queries, the live feed.",
		process: config.Process{Role: "gateway", ReadsReplicas: true},
		needs:   []need{readReplicas, people, frontDoor, handler},
		starts:  []start{gatewayParts},
		welcome: (*system).welcomeGateway,
	},
	{
		name: "projector", about: "Only the projector: keeps the rows up with the log.",
		process: config.Process{Role: "projector"},
		needs:   []need{database, projector, operationsDoor},
		starts:  []start{projectorPart, operationsPart},
		welcome: (*system).welcomeProjector,
	},
	{
		name: "notifier", about: "Only the notifier: mails those whom an event concerns.",
		process: config.Process{Role: "notifier", LinksElsewhere: true},
		needs:   []need{names, mail, operationsDoor},
		starts:  []start{notifierPart, operationsPart},
		welcome: (*system).welcomeNotifier,
	},
}

// need is something that a role opens before it starts.
type need func(*system, context.Context) error

// What roles need.
var (
	database       need = (*system).openRows     // to write; it may be empty
	readReplicas   need = (*system).openReplicas // databases to read; none need be there yet
	people         need = (*system).openAccounts // to let them in
	names          need = (*system).openNames    // of people, to write to them
	frontDoor      need = (*system).openFrontDoor
	operationsDoor need = (*system).openOperationsDoor
	handler        need = (*system).openHandler // of commands
	projector      need = (*system).openProjector
	mail           need = (*system).openNotifier // an SMTP server, or a folder
)

// start makes parts that run side by side: in front those that take requests,
// behind those that answers rest on.
type start func(*system, context.Context) (front, back []part, err error)

// roleNamed is the role of a command; it is there.
func roleNamed(name string) role {
	for _, r := range roles {
		if r.name == name {
			return r
		}
	}
	panic("there is no role " + name)
}

// roleCommand runs a role until it is asked to end.
type roleCommand struct {
	role role
	demo bool
}

const demoAbout = "Add a small project with three people to look at."

func (c *roleCommand) Run(ctx context.Context, env *environment) error {
	if c.role.embeds {
		tune()
	}
	s, err := open(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openTraces(ctx, c.role.traced()); err != nil {
		return err
	}
	for _, open := range c.role.needs {
		if err := open(s, ctx); err != nil {
			return err
		}
	}
	var front, back []part
	for _, start := range c.role.starts {
		f, b, err := start(s, ctx)
		if err != nil {
			return err
		}
		front, back = append(front, f...), append(back, b...)
	}
	if c.demo {
		if err := demo(ctx, s.accounts, s.handler, time.Now()); err != nil {
			return err
		}
	}
	c.role.welcome(s, notes{env.out, c.demo})
	return runParts(ctx, front, back)
}

// traced is what the role is called in traces.
func (r role) traced() string {
	if r.process.Role == "" {
		return "all"
	}
	return r.process.Role
}
