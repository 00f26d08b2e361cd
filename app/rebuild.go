package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/projections"
)

// rebuildCommand rebuilds the rows, or drops the result of a rebuild.
type rebuildCommand struct {
	Fresh             bool
	AcceptDifferences bool
	Back              bool
	Cancel            bool
	Discard           bool
}

func (l *commandLine) rebuild() *cobra.Command {
	var c rebuildCommand
	command := addFlags(l.command("rebuild", "Fill the rows anew from the log, beside those being served, compare, and switch; or go back.", &c),
		option{config.Switch{Value: &c.Fresh}, "fresh", "Begin anew where a rebuild was interrupted; without it, go on."},
		option{config.Switch{Value: &c.AcceptDifferences}, "accept-differences", "Switch even if the new rows are not as those served."},
		option{config.Switch{Value: &c.Back}, "back", "Serve the rows again that were served before the last switch, with what has happened since."},
		option{config.Switch{Value: &c.Cancel}, "cancel", "Drop what an interrupted rebuild left; end one that runs."},
		option{config.Switch{Value: &c.Discard}, "discard", "Drop the rows that are kept for --back."})
	command.MarkFlagsMutuallyExclusive("fresh", "back", "cancel", "discard")
	command.MarkFlagsMutuallyExclusive("accept-differences", "back", "cancel", "discard")
	return command
}

func (c *rebuildCommand) Run(ctx context.Context, env *environment) error {
	s, err := openBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openRows(ctx); err != nil {
		return err
	}
	switch {
	case c.Cancel:
		return drop(ctx, env, "was not finished", s.rows, projections.Cancel)
	case c.Discard:
		return drop(ctx, env, "was kept", s.rows, projections.Discard)
	case c.Back:
		return c.back(ctx, env, s)
	}
	return c.rebuild(ctx, env, s)
}

func (c *rebuildCommand) rebuild(ctx context.Context, env *environment, s *system) error {
	began := time.Now()
	shown := newBar(env.progress, "rebuild")
	done, err := projections.Rebuild(ctx, s.rows, s.log, projections.RebuildOptions{
		Fresh: c.Fresh, AcceptDifferences: c.AcceptDifferences,
		Progress: shown.follow(),
	})
	shown.end()
	var differs *projections.DifferenceError
	switch {
	case errors.As(err, &differs):
		fmt.Fprintf(env.out, "DIFFERS  %s\nat %s; the first is served, the second was folded anew from the log. The rows served were changed by somebody else, or the fold is not what it was.\n"+
			"Nothing was switched. docket rebuild --accept-differences serves the new rows, docket rebuild --cancel drops them.\n", differs.Difference, differs.Position)
		return exitCode(ExitFailed)
	case err != nil:
		return fmt.Errorf("rebuild stopped, the rows being served are as they were; docket rebuild goes on, docket rebuild --cancel drops what is made: %w", err)
	}
	from := ""
	if done.From > 0 {
		from = fmt.Sprintf(", going on after %d", done.From)
	}
	fmt.Fprintf(env.out, "rebuilt from %d events%s in %s\n", done.Position.Sequence, from, time.Since(began).Round(time.Millisecond))
	switch {
	case done.Difference != "":
		fmt.Fprintf(env.out, "accepted  %s\n", done.Difference)
	case done.Compared:
		fmt.Fprintln(env.out, "the new rows are as those that were served")
	default:
		fmt.Fprintln(env.out, "nothing was compared: no rows of this program's and this log were served")
	}
	return nil
}

func (c *rebuildCommand) back(ctx context.Context, env *environment, s *system) error {
	shown := newBar(env.progress, "back")
	done, err := projections.Rollback(ctx, s.rows, s.log, shown.follow())
	shown.end()
	if err != nil {
		return fmt.Errorf("the rows being served are as they were: %w", err)
	}
	fmt.Fprintf(env.out, "back: the rows of before are served again, with %d events that they lacked; docket rebuild --back undoes it\n", done.Position.Sequence-done.From)
	return nil
}

// drop drops a generation and prints which.
func drop(ctx context.Context, env *environment, what string, rows *projections.Store, act func(context.Context, *projections.Store) (int64, error)) error {
	generation, err := act(ctx, rows)
	switch {
	case err != nil:
		return err
	case generation == 0:
		fmt.Fprintf(env.out, "there is no generation that %s\n", what)
	default:
		fmt.Fprintf(env.out, "generation %d, which %s, is given up\n", generation, what)
	}
	return nil
}
