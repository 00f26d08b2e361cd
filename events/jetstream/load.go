package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/broker/transient"
	"github.com/docketlog/docket/events"
)

// The limits of one direct get: the number of events, and roughly the bytes.
const (
	loadEvents = 512
	loadBytes  = 4 << 20
)

// Load implements [events.Log]. On a replicated stream it first asks the leader
// for the aggregate's last sequence, so that it returns every event that was
// acknowledged before the call. The events themselves come from any replica.
func (l *Log) Load(ctx context.Context, after events.Head) ([]events.Envelope, events.Head, error) {
	var tail uint64
	if l.replicas > 1 {
		err := retry.Until(ctx, func(ctx context.Context) (bool, error) {
			var err error
			tail, err = l.tail(ctx, after.Aggregate)
			return again(err), err
		})
		if err != nil {
			return nil, after, fmt.Errorf("load %s: %w", after.Aggregate, err)
		}
	}
	loaded, head, err := l.loadTo(ctx, after, tail)
	if err != nil {
		return nil, after, fmt.Errorf("load %s: %w", after.Aggregate, err)
	}
	return loaded, head, nil
}

// tail returns the sequence of the last message on the aggregate's subject
// according to the leader, or 0.
func (l *Log) tail(ctx context.Context, a events.Aggregate) (uint64, error) {
	m, _, err := l.leader(ctx, getRequest{Last: a.Subject()})
	return m.sequence, err
}

// errUnsound reports a read from a server that can no longer store messages.
var errUnsound = fmt.Errorf("%w: the server can no longer store messages and may lose the ones it returns", events.ErrUnsettled)

// loadTo reads at least up to the sequence tail, which the subject is known to
// have reached.
func (l *Log) loadTo(ctx context.Context, after events.Head, tail uint64) ([]events.Envelope, events.Head, error) {
	f := fold{log: l, head: after}
	err := retry.Until(ctx, func(ctx context.Context) (bool, error) {
		for {
			// A read by literal subject needs no consumer.
			more, err := l.batch(ctx, getRequest{
				Next: f.head.Aggregate.Subject(), Sequence: f.head.Sequence + 1,
				Batch: loadEvents, MaxBytes: loadBytes,
			}, func(m *stored, _ uint64) { f.add(m) })
			if err != nil {
				return again(err), err
			}
			if !more {
				break
			}
		}
		if f.head.Sequence < tail {
			return true, errBehind
		}
		return false, nil
	})
	if err == nil && l.sound != nil && !l.sound() {
		return nil, after, errUnsound
	}
	return f.accepted, f.head, err
}

var (
	// errBehind reports a replica that does not have all messages of the leader.
	errBehind = errors.New("replica is behind")
	// errTorn reports that part of an answer was lost in transit.
	errTorn = errors.New("response is incomplete")
)

// again reports whether a failed read should be retried.
func again(err error) bool {
	var answer *apiError
	return transient.Is(err) || errors.Is(err, errTorn) || errors.As(err, &answer) && answer.Status >= 500
}

// batch reads several messages from any replica. It calls take for each, with
// the number of messages after it, and reports whether there are more.
func (l *Log) batch(ctx context.Context, r getRequest, take func(m *stored, pending uint64)) (more bool, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	// The channel has the exact size; the client's own would take 512 KiB.
	inbox, answers := l.nc.NewInbox(), make(chan *nats.Msg, r.Batch+1)
	sub, err := l.nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return false, err
	}
	defer sub.Unsubscribe()
	if err := l.nc.PublishRequest("$JS.API.DIRECT.GET."+l.stream, inbox, body); err != nil {
		return false, err
	}
	// Each message contains the sequence of the one before it, 0 for the first.
	var last uint64
	for {
		var m *nats.Msg
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case m = <-answers:
		}
		s, isStored := replied(m)
		switch status := m.Header.Get(headerStatus); {
		case !isStored && status == statusNotFound:
			return false, nil
		case !isStored && status != statusEnd:
			return false, statusError(m)
		case number(m, headerLastSequence) != last:
			return false, errTorn
		case !isStored:
			return number(m, headerNumPending) > 0, nil
		}
		last = s.sequence
		take(&s, number(m, headerNumPending))
	}
}

// fold collects the events that the aggregate's chain accepts.
type fold struct {
	log      *Log
	head     events.Head
	accepted []events.Envelope
}

func (f *fold) add(m *stored) {
	e, err := f.log.envelope(m)
	if err != nil {
		f.log.stats.malformed.Add(1)
		f.head = f.head.Past(m.sequence)
		return
	}
	if f.head.Accepts(&e) != nil {
		f.log.stats.forks.Add(1)
		f.head = f.head.Past(m.sequence)
		return
	}
	f.head = f.head.After(&e)
	f.accepted = append(f.accepted, e)
}
