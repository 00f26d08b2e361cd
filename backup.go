package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/docketlog/docket/backup"
)

// backupCommand copies the log and the buckets into one file.
type backupCommand struct {
	File string
}

func (c *backupCommand) Run(ctx context.Context, env *environment) (err error) {
	s, err := connectBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if c.File == "-" {
		return s.backUp(ctx, env, env.out, env.progress)
	}
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s is there already; a backup does not replace another", c.File)
	}
	// Under another name until it is whole.
	file, err := os.CreateTemp(filepath.Dir(c.File), ".docket-backup-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := s.backUp(ctx, env, file, env.out); err != nil {
		return fmt.Errorf("nothing was kept: %w", err)
	}
	err = errors.Join(file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), c.File)
	}
	return err
}

// backUp writes a backup to w and tells what it holds.
func (s *system) backUp(ctx context.Context, env *environment, w, told io.Writer) error {
	began := time.Now()
	version, _ := built()
	shown := newSizeBar(env.progress, "backup")
	taken, err := backup.Take(ctx, s.nc, w, backup.TakeOptions{Version: version, Progress: shown.show})
	shown.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(told, "backed up %d events, %d people and what belongs to them, in %s\n", taken.Events, taken.People, time.Since(began).Round(time.Millisecond))
	fmt.Fprintln(told, "It holds names, addresses and hashes of passwords: encrypt it, and keep it as long as those may be kept.")
	return nil
}
