package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/broker/transient"
	"github.com/docketlog/docket/events/jetstream"
)

// RestoreOptions configure [Restore]. All are optional.
type RestoreOptions struct {
	// Replicas is the number of servers that hold each stream, regardless of
	// the original number.
	Replicas int
	// Progress receives how much of the file was sent to the broker.
	Progress Progress
	// Logger receives what the restore waits for.
	Logger *slog.Logger
}

// ErrTaken reports that the broker already has something that is in the backup.
// Nothing was changed.
var ErrTaken = errors.New("the broker is not empty")

// Restore creates the content of the backup on the broker, which must hold none
// of it. Everything is restored as it was, except the number of replicas, and
// the log becomes another incarnation. Each time, it waits up to a minute for a
// cluster that has just started. After an error other than [ErrTaken] it
// deletes what it created; if this user may not delete, or the broker is gone,
// the error names what is left. The embedded broker may still have to be
// synced, see [broker.Sync].
func Restore(ctx context.Context, nc *nats.Conn, f *File, o RestoreOptions) error {
	j, err := js.New(nc)
	if err != nil {
		return err
	}
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Replicas = max(o.Replicas, 1)
	r := &restoring{nc: nc, js: j, file: f, options: o}
	if err := r.refuseTaken(ctx); err != nil {
		return err
	}
	if err := r.run(ctx); err != nil {
		return errors.Join(err, r.takeAway(context.WithoutCancel(ctx)))
	}
	return nil
}

// restoring is a restore in progress.
type restoring struct {
	nc      *nats.Conn
	js      js.JetStream
	file    *File
	options RestoreOptions
	made    []string
}

func (r *restoring) refuseTaken(ctx context.Context) error {
	var taken []string
	for _, c := range r.file.streams() {
		err := r.patiently(ctx, func() error {
			_, err := r.js.Stream(ctx, c.Stream)
			if transient.Is(err) {
				err = fmt.Errorf("%w: %w", broker.ErrNotReady, err)
			}
			return err
		})
		switch {
		case err == nil:
			taken = append(taken, c.Stream)
		case !errors.Is(err, js.ErrStreamNotFound):
			return fmt.Errorf("inspect %s: %w", c.Stream, err)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	return fmt.Errorf("%w: it contains %s", ErrTaken, strings.Join(taken, ", "))
}

const (
	// placeTimeout is how long a cluster may take until it can place a stream.
	placeTimeout = time.Minute
	// takeAwayTimeout is how long the error is delayed at most to clean up the
	// broker.
	takeAwayTimeout = 30 * time.Second
)

// patiently retries what a cluster that has just started cannot do yet, but
// nothing that was begun: a part of the restored content would already be
// consumed from the reader.
func (r *restoring) patiently(ctx context.Context, try func() error) error {
	for deadline := time.Now().Add(placeTimeout); ; {
		err := try()
		if !errors.Is(err, broker.ErrNotReady) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		r.options.Logger.Warn("broker not ready, retrying", "err", err)
		retry.Pause(ctx, time.Second)
	}
}

func (r *restoring) run(ctx context.Context) error {
	var done, total uint64
	for _, c := range r.file.streams() {
		total += uint64(c.Bytes)
	}
	for _, c := range r.file.streams() {
		snapshot, content := r.file.content(c)
		config, err := r.config(c.Stream, snapshot.Config)
		if err != nil {
			return fmt.Errorf("restore %s: %w", c.Stream, err)
		}
		snapshot.Config = config
		before := done
		content = io.TeeReader(content, counting(func(n uint64) { r.options.Progress(before+n, total) }))
		r.made = append(r.made, c.Stream)
		err = r.patiently(ctx, func() error { return broker.RestoreSnapshot(ctx, r.nc, c.Stream, snapshot, content) })
		if err != nil {
			return err
		}
		done += uint64(c.Bytes)
	}
	return nil
}

// config returns the configuration of a stream for this broker: the original,
// except for its replicas, and the log as another incarnation.
func (r *restoring) config(stream string, config json.RawMessage) (json.RawMessage, error) {
	if stream == jetstream.DefaultStream {
		return jetstream.RestoredConfig(config, r.options.Replicas, r.file.began.Began, r.file.end.Ended)
	}
	var fields map[string]any
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, err
	}
	fields["num_replicas"] = r.options.Replicas
	return json.Marshal(fields)
}

// takeAway restores the initial state of the broker. If this user may not
// delete, like the operator of deploy/nats, it reports what is left.
func (r *restoring) takeAway(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, takeAwayTimeout)
	defer cancel()
	var left []string
	for _, name := range r.made {
		if err := r.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, js.ErrStreamNotFound) {
			left = append(left, name)
		}
	}
	if len(left) == 0 {
		return errors.New("the partial restore was deleted")
	}
	return fmt.Errorf("%s could not be deleted: delete them, or empty the servers' folders, before you retry; do not start any role until then", strings.Join(left, ", "))
}
