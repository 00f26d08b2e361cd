package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/docketlog/docket/notifier"
	"github.com/google/uuid"
)

// noticesCommand looks after mail that could not be delivered.
type noticesCommand struct {
	List   listNoticesCommand  `cmd:"" default:"1" help:"List the notices that were given up, and why."`
	Resume resumeNoticeCommand `cmd:"" help:"Try to deliver parked notices again."`
	Why    whyNoticeCommand    `cmd:"" help:"Say what became of one event's notice to one person."`
}

// withNotifier opens what looking after notices needs. It delivers nothing: the
// program that runs does.
func withNotifier(ctx context.Context, env *environment, do func(*notifier.Notifier) error) error {
	s, err := openBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openNames(ctx); err != nil {
		return err
	}
	n, err := s.newNotifier(ctx, s.settings.baseURL(defaultHTTP))
	if err != nil {
		return err
	}
	return do(n)
}

type listNoticesCommand struct{}

func (c *listNoticesCommand) Run(ctx context.Context, env *environment) error {
	return withNotifier(ctx, env, func(n *notifier.Notifier) error {
		parked, err := n.Parked(ctx)
		if err != nil {
			return err
		}
		if len(parked) == 0 {
			fmt.Fprintln(env.out, "No notice is parked.")
			return nil
		}
		table := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "PARKED\tTRIES\tTASK\tCAUSE\tID")
		for _, p := range parked {
			fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", p.Since.Local().Format(time.DateTime), p.Tries, p.Notice.Task, p.Cause, p.Notice.ID())
		}
		return table.Flush()
	})
}

type resumeNoticeCommand struct {
	ID  string `arg:"" optional:"" help:"The notice, as listed."`
	All bool   `help:"All that are parked."`
}

func (c *resumeNoticeCommand) Run(ctx context.Context, env *environment) error {
	if (c.ID == "") == !c.All {
		return errors.New("notices resume: give one id as listed, or --all")
	}
	return withNotifier(ctx, env, func(n *notifier.Notifier) error {
		if !c.All {
			if err := n.Resume(ctx, c.ID); err != nil {
				return err
			}
			fmt.Fprintln(env.out, "It is due again.")
			return nil
		}
		count, err := n.ResumeAll(ctx)
		fmt.Fprintf(env.out, "%d are due again.\n", count)
		return err
	})
}

type whyNoticeCommand struct {
	Event   string `arg:"" help:"The event's id, as docket replay prints it."`
	Account string `arg:"" help:"The person's account id."`
}

func (c *whyNoticeCommand) Run(ctx context.Context, env *environment) error {
	event, err := uuid.Parse(c.Event)
	account, err2 := uuid.Parse(c.Account)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("notices why: want the id of an event and that of an account: %w", err)
	}
	return withNotifier(ctx, env, func(n *notifier.Notifier) error {
		entry, err := n.Explain(ctx, event, account)
		if errors.Is(err, notifier.ErrNoNotice) {
			fmt.Fprintln(env.out, "Nobody decided to tell them of it: they were not concerned, did it themselves, or it is too long ago.")
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(env.out, "%s because %s; tried %d times, last at %s", entry.Outcome, entry.Reason, entry.Tries, entry.At.Local().Format(time.DateTime))
		if entry.Cause != "" {
			fmt.Fprintf(env.out, ": %s", entry.Cause)
		}
		fmt.Fprintln(env.out)
		return nil
	})
}
