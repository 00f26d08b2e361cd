package app

import (
	"context"
	"fmt"
)

func brokerPart(s *system, _ context.Context) (front, back []part, err error) {
	return nil, []part{{"broker", s.watchBroker}}, nil
}

// watchBroker ends the program when its own broker can no longer store
// messages: every write would time out until the broker is restarted.
func (s *system) watchBroker(ctx context.Context) error {
	if s.broker == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case reason := <-s.broker.Failed():
		return fmt.Errorf("the log can no longer be written (%s), so %w; free up disk space or repair the disk, then restart; acknowledged changes are safe", reason, errHopeless)
	}
}
