package jetstream

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

func someID(n byte) uuid.UUID { return uuid.UUID{6: 0x40, 8: 0x80, 15: n} }

// comment returns a commit of one event, decided by command n.
func comment(head events.Head, n byte) events.Commit {
	return events.Commit{
		Head: head, Project: someID(100), Command: uuid.UUID{0: 1, 15: n}, Actor: someID(101),
		Time:   time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC),
		Events: []events.Event{events.CommentAdded{Comment: someID(n), Text: "hello"}},
	}
}

var discard = slog.New(slog.DiscardHandler)
