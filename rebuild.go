package main

import (
	"context"
	"fmt"
	"time"

	"github.com/docketlog/docket/projections"
)

// rebuildCommand fills the rows anew.
type rebuildCommand struct{}

func (c *rebuildCommand) Run(ctx context.Context, env *environment) error {
	s, err := openBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.openRows(ctx); err != nil {
		return err
	}
	began := time.Now()
	shown := newBar(env.progress, "rebuild")
	var last projections.Progress
	err = projections.Rebuild(ctx, s.rows, s.log, func(p projections.Progress) {
		last = p
		shown.show(p.Done, p.Total)
	})
	shown.end()
	if err != nil {
		return fmt.Errorf("rebuild stopped, the rows being served are as they were: %w", err)
	}
	fmt.Fprintf(env.out, "rebuilt from %d events in %s\n", last.Done, time.Since(began).Round(time.Millisecond))
	return nil
}
