package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketlog/docket/audit"
	"github.com/docketlog/docket/backup"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events/jetstream"
)

// restoreCommand restores a backup to a broker that holds nothing of Docket.
type restoreCommand struct {
	File string
}

func (l *commandLine) restore() *cobra.Command {
	var c restoreCommand
	return l.command("restore FILE", "Restore a backup to an empty broker.", &c, &c.File)
}

// Run reads the file to its end before it changes anything. If it cannot
// finish, it deletes what it created, as far as it is permitted to.
func (c *restoreCommand) Run(ctx context.Context, env *environment) error {
	began := time.Now()
	content, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	defer content.Close()
	file, err := c.check(env, content)
	if err != nil {
		return fmt.Errorf("nothing was changed: %s: %w", c.File, err)
	}
	s, err := connectToFill(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	shown := newSizeBar(env.progress, "restore")
	err = backup.Restore(ctx, s.nc, file, backup.RestoreOptions{Replicas: s.settings.Copies, Progress: shown.show, Logger: s.logger})
	shown.end()
	switch {
	case errors.Is(err, backup.ErrTaken):
		return fmt.Errorf("%w; restore to a broker on which no role was started and docket setup was not run; nothing was changed", err)
	case err != nil:
		return err
	}
	chains, err := c.verify(ctx, env, s)
	if err != nil {
		return err
	}
	s.close()
	if s.broker != nil {
		if err := broker.Sync(s.settings.Data); err != nil {
			return fmt.Errorf("everything was restored, but may be lost in a power failure: %w", err)
		}
	}
	for _, f := range chains.Findings {
		fmt.Fprintf(env.out, "FOUND  %s\n", f)
	}
	fmt.Fprintf(env.out, "restored in %s from a backup of %s: %d events of %d aggregates, %s\n", time.Since(began).Round(time.Millisecond),
		file.Began().Local().Format(time.DateTime), chains.Events, chains.Aggregates, verdict(chains.Broken == 0, "every chain is intact", "NOT every chain is intact"))
	if chains.Broken > 0 {
		return exitCode(ExitFailed)
	}
	fmt.Fprintln(env.out, "Start the roles. The rows are rebuilt, whatever the database contains. Positions from before the restore are rejected: subscribers must start over.")
	return nil
}

// check reads the file to its end.
func (c *restoreCommand) check(env *environment, content *os.File) (*backup.File, error) {
	info, err := content.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("a backup must be a regular file: it is read twice, first to verify it")
	}
	shown := newSizeBar(env.progress, "check")
	defer shown.end()
	return backup.Open(content, info.Size(), shown.show)
}

// verify opens the log as the roles do, and reads all of it.
func (c *restoreCommand) verify(ctx context.Context, env *environment, s *system) (audit.ChainReport, error) {
	log, err := jetstream.Open(ctx, s.nc, jetstream.Options{Replicas: s.settings.Copies, Logger: s.logger})
	if err != nil {
		return audit.ChainReport{}, err
	}
	shown := newBar(env.progress, "chains")
	defer shown.end()
	chains, err := audit.Chains(ctx, log, shown.show)
	if err != nil {
		return audit.ChainReport{}, fmt.Errorf("everything was restored, but verification failed: %w", err)
	}
	return chains, nil
}
