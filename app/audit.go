package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketlog/docket/audit"
	"github.com/docketlog/docket/projections"
)

// verifyCommand proves that the log is intact and that the rows follow from it.
type verifyCommand struct{}

func (l *commandLine) verify() *cobra.Command {
	return l.command("verify", "Check every chain in the log, fold the log again and compare the result with the rows. Exits with status 1 if anything is wrong.", &verifyCommand{})
}

func (c *verifyCommand) Run(ctx context.Context, env *environment) error {
	s, err := openBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	began := time.Now()
	shown := newBar(env.progress, "chains")
	chains, err := audit.Chains(ctx, s.log, shown.show)
	shown.end()
	if err != nil {
		return err
	}
	for _, f := range chains.Findings {
		fmt.Fprintf(env.out, "FOUND  %s\n", f)
	}
	if more := chains.Broken - uint64(len(chains.Findings)); more > 0 {
		fmt.Fprintf(env.out, "FOUND  and %d more\n", more)
	}
	fmt.Fprintf(env.out, "log    %d events of %d aggregates up to position %d: %s; %d forks ignored\n",
		chains.Events, chains.Aggregates, chains.Position.Sequence, verdict(chains.Broken == 0, "every chain is intact", "NOT intact"), chains.Forks)

	if err := s.openRows(ctx); err != nil {
		return err
	}
	shown = newBar(env.progress, "fold")
	drift, err := audit.Drift(ctx, s.log, s.rows, os.TempDir(), shown.show)
	shown.end()
	switch {
	case errors.Is(err, projections.ErrStale):
		// What was not compared is not proved.
		fmt.Fprintln(env.out, "FOUND  no rows of this version are served; start Docket or run docket rebuild, then verify again")
		drift.Difference = "no rows"
	case err != nil:
		return err
	case drift.Difference != "":
		fmt.Fprintf(env.out, "FOUND  %s\n", drift.Difference)
		fallthrough
	default:
		fmt.Fprintf(env.out, "rows   %d rows at position %d: %s\n", drift.Rows, drift.Position.Sequence,
			verdict(drift.Difference == "", "the same as a new fold of the log", "NOT the same as a new fold of the log"))
	}
	fmt.Fprintf(env.out, "done   in %s\n", time.Since(began).Round(time.Millisecond))
	if chains.Broken > 0 || drift.Difference != "" {
		return exitCode(ExitFailed)
	}
	return nil
}

func verdict(good bool, yes, no string) string {
	if good {
		return yes
	}
	return no
}
