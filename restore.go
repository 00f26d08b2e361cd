package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/audit"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events/jetstream"
)

// restoreCommand brings a backup back on a broker that holds nothing of
// Docket's.
type restoreCommand struct {
	File string
}

// Run reads the file to its end before it touches anything. What it began and
// could not finish it takes away again, as far as it may.
func (c *restoreCommand) Run(ctx context.Context, env *environment) error {
	began := time.Now()
	shown := newBar(env.progress, "check")
	shown.unit, shown.scale = "KiB", 1<<10
	file, err := openBackup(c.File, shown.show)
	shown.end()
	if err != nil {
		return fmt.Errorf("nothing was touched: %w", err)
	}
	defer file.file.Close()
	s, err := connectToFill(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	r := &restore{system: s, file: file, progress: env.progress}
	if r.js, err = js.New(s.nc); err != nil {
		return err
	}
	if err := r.refuseTaken(ctx); err != nil {
		return err
	}
	if err := r.run(ctx); err != nil {
		return errors.Join(err, r.takeAway(context.WithoutCancel(ctx)))
	}
	chains, err := r.verify(ctx)
	if err != nil {
		return err
	}
	s.close()
	if s.broker != nil {
		if err := broker.Sync(s.settings.Data); err != nil {
			return fmt.Errorf("all is restored and may not outlast a power cut: %w", err)
		}
	}
	for _, f := range chains.Findings {
		fmt.Fprintf(env.out, "FOUND  %s\n", f)
	}
	fmt.Fprintf(env.out, "restored in %s, from a backup made %s: %d events of %d aggregates, %s\n", time.Since(began).Round(time.Millisecond),
		file.began.Began.Local().Format(time.DateTime), chains.Events, chains.Aggregates, verdict(chains.Broken == 0, "every chain is whole", "NOT every chain is whole"))
	if chains.Broken > 0 {
		return exitCode(exitFailed)
	}
	fmt.Fprintln(env.out, "Start the roles: rows fill themselves, whatever was in the database. Positions of before are refused; whoever follows the log begins anew.")
	return nil
}

// restore is a restore that is under way.
type restore struct {
	*system
	js       js.JetStream
	file     *backupFile
	progress io.Writer
	made     []string
}

// errTaken reports that the broker holds something already.
var errTaken = errors.New("the broker is not empty")

func (r *restore) refuseTaken(ctx context.Context) error {
	var taken []string
	for _, c := range r.file.streams() {
		err := r.patiently(ctx, func() error {
			_, err := r.js.Stream(ctx, c.Stream)
			return err
		})
		switch {
		case err == nil:
			taken = append(taken, c.Stream)
		case !errors.Is(err, js.ErrStreamNotFound):
			return fmt.Errorf("look at %s: %w", c.Stream, err)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	return fmt.Errorf("%w: it has %s. A backup is restored where no role was started and docket setup was not run; nothing was touched", errTaken, strings.Join(taken, ", "))
}

// patiently tries again what a cluster that has just come up cannot do yet. It
// is for what has no effect until the cluster can.
func (r *restore) patiently(ctx context.Context, try func() error) error {
	for deadline := time.Now().Add(setupPatience); ; {
		err := try()
		if !errors.Is(err, broker.ErrNotReady) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, nats.ErrNoResponders) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		r.logger.Warn("the broker is asked again in a moment", "err", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (r *restore) run(ctx context.Context) error {
	var done, total uint64
	for _, c := range r.file.streams() {
		total += uint64(c.Bytes)
	}
	shown := newBar(r.progress, "restore")
	shown.unit, shown.scale = "KiB", 1<<10
	defer shown.end()
	for _, c := range r.file.streams() {
		snapshot, content := r.file.content(c)
		config, err := r.config(c.Stream, snapshot.Config)
		if err != nil {
			return fmt.Errorf("restore %s: %w", c.Stream, err)
		}
		snapshot.Config = config
		before := done
		content = io.TeeReader(content, counting(func(n uint64) { shown.show(before+n, total) }))
		r.made = append(r.made, c.Stream)
		err = r.patiently(ctx, func() error { return broker.RestoreSnapshot(ctx, r.nc, c.Stream, snapshot, content) })
		if err != nil {
			return err
		}
		done += uint64(c.Bytes)
	}
	return nil
}

// config is how a stream is made here: as it was, but for its copies, and
// the log in another life.
func (r *restore) config(stream string, config json.RawMessage) (json.RawMessage, error) {
	if stream == jetstream.DefaultStream {
		return jetstream.NewLife(config, r.settings.copies, r.file.began.Began, r.file.end.Ended)
	}
	var fields map[string]any
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, err
	}
	fields["num_replicas"] = r.settings.copies
	return json.Marshal(fields)
}

// takeAway leaves the broker as it was found. Where this user may not delete,
// as the operator of deploy/nats may not, it says what is left.
func (r *restore) takeAway(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, besidePatience)
	defer cancel()
	var left []string
	for _, name := range r.made {
		if err := r.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, js.ErrStreamNotFound) {
			left = append(left, name)
		}
	}
	if len(left) == 0 {
		return errors.New("what had been restored was taken away again")
	}
	return fmt.Errorf("%s could not be taken away again: delete them, or empty the servers' folders, before the next try, and start no role", strings.Join(left, ", "))
}

// verify opens the log as the roles will, and reads all of it.
func (r *restore) verify(ctx context.Context) (audit.ChainReport, error) {
	log, err := jetstream.Open(ctx, r.nc, jetstream.Options{Replicas: r.settings.copies, Logger: r.logger})
	if err != nil {
		return audit.ChainReport{}, err
	}
	shown := newBar(r.progress, "chains")
	defer shown.end()
	chains, err := audit.Chains(ctx, log, shown.show)
	if err != nil {
		return audit.ChainReport{}, fmt.Errorf("all is restored and could not be verified: %w", err)
	}
	return chains, nil
}
