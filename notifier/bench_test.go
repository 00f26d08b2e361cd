package notifier

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// BenchmarkComments measures how fast one notifier notifies one person of
// comments on many tasks, from the log to the mail and the ledger, with every
// write synced.
func BenchmarkComments(b *testing.B) {
	for _, to := range []string{"server", "folder"} {
		b.Run(to, func(b *testing.B) {
			w := newWorld(b)
			url := ""
			if to == "server" {
				url = smtptest.Start(b, "").URL()
			}
			o := w.options(url)
			o.Logger = slog.New(slog.DiscardHandler)
			n := w.notifier(o)
			for i := range b.N {
				task := events.Task(named(fmt.Sprint("task ", i/10)))
				if i%10 == 0 {
					w.creates(mina, fmt.Sprint("task ", i/10), "Fix the tap", mina)
				}
				w.does(ann, task, events.CommentAdded{Comment: named(fmt.Sprint(i)), Text: "Soon."})
			}
			b.ResetTimer()
			w.run(n)
			w.settled(n)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
