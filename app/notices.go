package app

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/notifier"
)

func (l *commandLine) notices() *cobra.Command {
	var (
		resume resumeNoticeCommand
		why    whyNoticeCommand
	)
	list := l.command("list", "List parked notices and why delivery failed.", &listNoticesCommand{})
	return group("notices", "Manage notices that could not be delivered.", list,
		list,
		addFlags(l.command("resume [ID]", "Retry parked notices: one by its ID as listed, or all with --all.", &resume, &resume.ID),
			option{config.Switch{Value: &resume.All}, "all", "Retry all parked notices."}),
		l.command("why EVENT ACCOUNT", "Show the outcome of a notice, by event ID (see docket replay) and account ID of the recipient.", &why, &why.Event, &why.Account))
}

// withNotifier opens what the notice commands need. It delivers nothing: the
// running program does.
func withNotifier(ctx context.Context, env *environment, do func(*notifier.Notifier) error) error {
	s, err := openBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openNames(ctx); err != nil {
		return err
	}
	n, err := s.newNotifier(ctx, s.settings.BaseURL(defaultHTTP))
	if err != nil {
		return err
	}
	return do(n)
}

// listNoticesCommand lists mail that could not be delivered.
type listNoticesCommand struct{}

func (c *listNoticesCommand) Run(ctx context.Context, env *environment) error {
	return withNotifier(ctx, env, func(n *notifier.Notifier) error {
		parked, err := n.Parked(ctx)
		if err != nil {
			return err
		}
		if len(parked) == 0 {
			fmt.Fprintln(env.out, "No parked notices.")
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

// resumeNoticeCommand retries the delivery of a notice.
type resumeNoticeCommand struct {
	ID  string
	All bool
}

func (c *resumeNoticeCommand) Run(ctx context.Context, env *environment) error {
	if (c.ID == "") == !c.All {
		return errors.New("notices resume: give either one ID as listed or --all")
	}
	return withNotifier(ctx, env, func(n *notifier.Notifier) error {
		if !c.All {
			if err := n.Resume(ctx, c.ID); err != nil {
				return err
			}
			fmt.Fprintln(env.out, "1 notice will be retried.")
			return nil
		}
		count, err := n.ResumeAll(ctx)
		fmt.Fprintf(env.out, "%d notices will be retried.\n", count)
		return err
	})
}

// whyNoticeCommand explains the outcome of one notice.
type whyNoticeCommand struct {
	Event   string
	Account string
}

func (c *whyNoticeCommand) Run(ctx context.Context, env *environment) error {
	event, err := uuid.Parse(c.Event)
	account, err2 := uuid.Parse(c.Account)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("notices why: give an event ID and an account ID: %w", err)
	}
	return withNotifier(ctx, env, func(n *notifier.Notifier) error {
		entry, err := n.Explain(ctx, event, account)
		if errors.Is(err, notifier.ErrNoNotice) {
			fmt.Fprintln(env.out, "No notice was created for this event and account: the account was not concerned, made the change itself, or the record has expired.")
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
