package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/backup"
	"github.com/docketlog/docket/events/jetstream"
)

// backupCommand copies the log and the buckets into one file.
type backupCommand struct {
	File string
}

func (l *commandLine) backup() *cobra.Command {
	var c backupCommand
	return l.command("backup FILE", "Back up the log and the buckets to a new file, or to standard output with -. Docket can stay in use.", &c, &c.File)
}

func (c *backupCommand) Run(ctx context.Context, env *environment) error {
	s, err := connectBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	began := time.Now()
	if c.File == "-" {
		taken, err := s.backUp(ctx, env, env.out)
		if err == nil {
			tellTaken(env.progress, taken, began)
		}
		return err
	}
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s already exists; choose another file name", c.File)
	}
	// Use a temporary name until the file is complete.
	file, err := os.CreateTemp(filepath.Dir(c.File), ".docket-backup-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	taken, err := s.backUp(ctx, env, file)
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err == nil {
		err = os.Rename(file.Name(), c.File)
	}
	if err != nil {
		return fmt.Errorf("no backup was written: %w", err)
	}
	// Sync the folder so that the name survives a power cut; not every system
	// can.
	if folder, err := os.Open(filepath.Dir(c.File)); err == nil {
		_ = folder.Sync()
		folder.Close()
	}
	tellTaken(env.out, taken, began)
	return nil
}

// backUp writes a backup to w.
func (s *system) backUp(ctx context.Context, env *environment, w io.Writer) (backup.Taken, error) {
	version, _ := built()
	shown := newSizeBar(env.progress, "backup")
	defer shown.end()
	return backup.Take(ctx, s.nc, Stores(), w, backup.TakeOptions{Version: version, Progress: shown.show})
}

// tellTaken reports what a backup holds.
func tellTaken(w io.Writer, taken backup.Taken, began time.Time) {
	fmt.Fprintf(w, "backed up %d events and %d people with their data in %s\n", taken[jetstream.DefaultStream], taken[accounts.People.Stream], time.Since(began).Round(time.Millisecond))
	fmt.Fprintln(w, "The backup contains names, addresses and password hashes: encrypt it, and delete it when this data must be deleted.")
}
