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
	command := addFlags(l.command("rebuild", "Rebuild the rows from the log, compare them with the served rows and switch to them; or switch back. The served rows stay available.", &c),
		option{config.Switch{Value: &c.Fresh}, "fresh", "Start over instead of resuming an interrupted rebuild."},
		option{config.Switch{Value: &c.AcceptDifferences}, "accept-differences", "Switch even if the new rows differ from the served rows."},
		option{config.Switch{Value: &c.Back}, "back", "Switch back to the previously served rows, updated with the events since then."},
		option{config.Switch{Value: &c.Cancel}, "cancel", "Stop a running rebuild, and delete the rows of an unfinished one."},
		option{config.Switch{Value: &c.Discard}, "discard", "Delete the rows kept for --back."})
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
		return drop(ctx, env, "unfinished", s.rows, projections.Cancel)
	case c.Discard:
		return drop(ctx, env, "kept", s.rows, projections.Discard)
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
		fmt.Fprintf(env.out, "DIFFERS  %s\nat %s; the first value is from the served rows, the second from the new ones. Either something else changed the served rows, or the fold changed.\n"+
			"The served rows were not replaced. To serve the new rows, run docket rebuild --accept-differences; to delete them, run docket rebuild --cancel.\n", differs.Difference, differs.Position)
		return exitCode(ExitFailed)
	case err != nil:
		return fmt.Errorf("rebuild stopped; the served rows are unchanged; run docket rebuild to resume, or docket rebuild --cancel to delete the unfinished rows: %w", err)
	}
	from := ""
	if done.From > 0 {
		from = fmt.Sprintf(", resumed after %d", done.From)
	}
	fmt.Fprintf(env.out, "rebuilt from %d events%s in %s\n", done.Position.Sequence, from, time.Since(began).Round(time.Millisecond))
	switch {
	case done.Difference != "":
		fmt.Fprintf(env.out, "accepted  %s\n", done.Difference)
	case done.Compared:
		fmt.Fprintln(env.out, "the new rows are identical to the previously served rows")
	default:
		fmt.Fprintln(env.out, "no comparison: no rows of this version and this log were served before")
	}
	return nil
}

func (c *rebuildCommand) back(ctx context.Context, env *environment, s *system) error {
	shown := newBar(env.progress, "back")
	done, err := projections.Rollback(ctx, s.rows, s.log, shown.follow())
	shown.end()
	if err != nil {
		return fmt.Errorf("the served rows are unchanged: %w", err)
	}
	fmt.Fprintf(env.out, "switched back to the previous rows after applying %d events; run docket rebuild --back again to undo\n", done.Position.Sequence-done.From)
	return nil
}

// drop drops a generation and prints which.
func drop(ctx context.Context, env *environment, what string, rows *projections.Store, act func(context.Context, *projections.Store) (int64, error)) error {
	generation, err := act(ctx, rows)
	switch {
	case err != nil:
		return err
	case generation == 0:
		fmt.Fprintf(env.out, "no %s generation exists\n", what)
	default:
		fmt.Fprintf(env.out, "deleted %[2]s generation %[1]d\n", generation, what)
	}
	return nil
}
