package app

import (
	"context"
	"time"

	"github.com/docketlog/docket/config"
)

// role is a part of the product that a process can run.
type role struct {
	name  string // of the command, and of the process in traces
	about string
	// process describes the process that the settings are for.
	process config.Process
	// embeds reports that the broker usually runs in this process too.
	embeds bool
	// needs are opened in this order before anything starts, and closed in the
	// reverse order once everything has ended.
	needs []need
	// starts are started after that.
	starts []start
	// welcome prints what the user needs to know after the start.
	welcome func(*system, notes)
}

// roles is the table of roles. All of them use the log, which is embedded if no
// NATS server is configured, and can be traced.
var roles = []role{
	{
		name: "serve", about: "Run everything in one process (the default).",
		embeds:  true,
		needs:   []need{database, people, frontDoor, handler, projector, mail},
		starts:  []start{gatewayParts, projectorPart, notifierPart, brokerPart},
		welcome: (*system).welcomePeople,
	},
	{
		name: "gateway", about: "Run only the HTTP gateway: commands, queries and the live feed.",
		process: config.Process{Role: "gateway", ReadsReplicas: true},
		needs:   []need{readReplicas, people, frontDoor, handler},
		starts:  []start{gatewayParts},
		welcome: (*system).welcomeGateway,
	},
	{
		name: "projector", about: "Run only the projector, which keeps the rows up to date with the log.",
		process: config.Process{Role: "projector"},
		needs:   []need{database, projector, operationsDoor},
		starts:  []start{projectorPart, operationsPart},
		welcome: (*system).welcomeProjector,
	},
	{
		name: "notifier", about: "Run only the notifier, which sends mail to the people an event concerns.",
		process: config.Process{Role: "notifier", LinksElsewhere: true},
		needs:   []need{names, mail, operationsDoor},
		starts:  []start{notifierPart, operationsPart},
		welcome: (*system).welcomeNotifier,
	},
}

// need opens something before a role starts.
type need func(*system, context.Context) error

// These are the needs of roles.
var (
	database       need = (*system).openRows     // to write; it may be empty
	readReplicas   need = (*system).openReplicas // databases to read; none need exist yet
	people         need = (*system).openAccounts // for login
	names          need = (*system).openNames    // of people, to write to them
	frontDoor      need = (*system).openFrontDoor
	operationsDoor need = (*system).openOperationsDoor
	handler        need = (*system).openHandler // of commands
	projector      need = (*system).openProjector
	mail           need = (*system).openNotifier // an SMTP server, or a folder
)

// start returns parts that run concurrently: in front those that take requests,
// behind those that responses depend on.
type start func(*system, context.Context) (front, back []part, err error)

// roleNamed returns the role of a command, which must exist.
func roleNamed(name string) role {
	for _, r := range roles {
		if r.name == name {
			return r
		}
	}
	panic("unknown role " + name)
}

// roleCommand runs a role until it is asked to end.
type roleCommand struct {
	role role
	demo bool
}

const demoAbout = "Add a small sample project with three people."

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

// traced returns the name of the role in traces.
func (r role) traced() string {
	if r.process.Role == "" {
		return "all"
	}
	return r.process.Role
}
