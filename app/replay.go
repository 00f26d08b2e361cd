package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/docketlog/docket/audit"
	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/events"
)

// replayCommand prints events of the log.
type replayCommand struct {
	Task    string
	Project string
	From    string
	To      string
	Types   []string
}

func (l *commandLine) replay() *cobra.Command {
	var c replayCommand
	return addFlags(l.command("replay", "Print events from the log as JSON, one per line.", &c),
		option{config.Text{Value: &c.Task, Holds: "ID"}, "task", "Print only events of this task."},
		option{config.Text{Value: &c.Project, Holds: "ID"}, "project", "Print only events of this project and its tasks."},
		option{config.Text{Value: &c.From, Holds: "POSITION"}, "from", "Start at this position, inclusive: a Docket-Position value or its sequence number."},
		option{config.Text{Value: &c.To, Holds: "POSITION|TIME"}, "to", "Stop after this position or time, inclusive; a time is 2026-11-23 or 2026-11-23T15:04:05Z."},
		option{config.List{Values: &c.Types, Holds: "TYPE"}, "types", "Print only events of these types, such as task_created,task_moved."})
}

// query checks the flags and reports all mistakes together.
func (c *replayCommand) query(end events.Position) (audit.Query, error) {
	var q audit.Query
	var errs []error
	id := func(flag, text string) (id uuid.UUID) {
		if text == "" {
			return uuid.Nil
		}
		id, err := uuid.Parse(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s: must be the ID of a %s; got %q", flag, flag, text))
		}
		return id
	}
	position := func(flag, text string) uint64 {
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return n
		}
		p, err := events.ParsePosition(text)
		if err == nil {
			_, err = end.Reached(p)
		} else {
			form := "a position (7r6dnwl2-1200 or 1200)"
			if flag == "to" {
				form += " or a time (2026-11-23 or 2026-11-23T15:04:05Z)"
			}
			err = fmt.Errorf("must be %s; got %q", form, text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
		}
		return p.Sequence
	}
	q.Task, q.Project = id("task", c.Task), id("project", c.Project)
	if c.From != "" {
		q.From = position("from", c.From)
	}
	if day, err := time.Parse(time.DateOnly, c.To); err == nil {
		q.Until = day.AddDate(0, 0, 1).Add(-time.Microsecond)
	} else if instant, err := time.Parse(time.RFC3339, c.To); err == nil {
		q.Until = instant
	} else if c.To != "" {
		q.To = position("to", c.To)
	}
	for _, t := range c.Types {
		// The form that a replay prints is accepted too.
		t, _, _ = strings.Cut(strings.TrimPrefix(t, "docket."), ".")
		if _, ok := events.Types[events.Type(t)]; !ok {
			known := make([]string, 0, len(events.Types))
			for name := range events.Types {
				known = append(known, string(name))
			}
			slices.Sort(known)
			errs = append(errs, fmt.Errorf("--types: unknown event type %q; valid types: %s", t, strings.Join(known, ", ")))
		}
		q.Types = append(q.Types, events.Type(t))
	}
	return q, errors.Join(errs...)
}

func (c *replayCommand) Run(ctx context.Context, env *environment) error {
	s, err := openBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	end, err := s.log.End(ctx)
	if err != nil {
		return err
	}
	q, err := c.query(end)
	if err != nil {
		fmt.Fprintf(env.progress, "docket replay: %v\n", err)
		return exitCode(ExitUsage)
	}
	if q.From > end.Sequence || q.To > 0 && q.From > q.To {
		fmt.Fprintf(env.progress, "docket replay: no events in this range; the log ends at %d\n", end.Sequence)
	}
	out := bufio.NewWriterSize(env.out, 64<<10)
	err = audit.Replay(ctx, s.log, q, func(e *events.Envelope) error {
		line, err := audit.Line(e)
		if err != nil {
			return err
		}
		_, err = out.Write(append(line, '\n'))
		return err
	})
	return errors.Join(err, out.Flush())
}
