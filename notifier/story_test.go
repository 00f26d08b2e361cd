package notifier

import (
	"context"
	"fmt"
	"testing"

	"github.com/docketlog/docket/events"
)

// countingLog counts the events read from a log.
type countingLog struct {
	events.Log
	read int
}

func (l *countingLog) Load(ctx context.Context, after events.Head) ([]events.Envelope, events.Head, error) {
	chain, head, err := l.Log.Load(ctx, after)
	l.read += len(chain)
	return chain, head, err
}

// However long a task is, the story of its next event reads only new events,
// and the story of an event does not depend on the order of reads.
func TestStoriesOfALongTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task, created := w.creates(mina, "long", "Fix the tap", ann)
	list := []events.Envelope{created}
	const more = 40
	for i := range more {
		title := fmt.Sprint("Fix the tap, try ", i)
		list = append(list, w.does(mina, task, events.TaskEdited{Title: &events.Changed[string]{To: title}}))
	}
	l := &countingLog{Log: w.log}
	s := newStories(l)
	title := func(n int) string {
		told, err := s.read(t.Context(), task.ID, list[n].Position.Sequence)
		if err != nil || told.envelope.ID != list[n].ID {
			t.Fatalf("event %d: %v", n, err)
		}
		return told.task.title
	}
	want := func(n int) string {
		if n == 0 {
			return "Fix the tap"
		}
		return fmt.Sprint("Fix the tap, try ", n-1)
	}
	for _, n := range []int{7, 3, 3, 0, more, 1} {
		if have := title(n); have != want(n) {
			t.Errorf("after event %d the title is %q, want %q", n, have, want(n))
		}
	}
	title(more - 1)
	for range 3 { // once for each of several recipients
		l.read = 0
		if have := title(more); have != want(more) || l.read > 2 {
			t.Errorf("the title is %q, want %q; %d events were read", have, want(more), l.read)
		}
	}
}
