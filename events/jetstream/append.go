package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/events"
)

// The headers of a publish in addition to the event's own (NATS ADR-8, ADR-50).
const (
	headerMsgID            = "Nats-Msg-Id"
	headerExpectedSequence = "Nats-Expected-Last-Subject-Sequence"
	headerBatchID          = "Nats-Batch-Id"
	headerBatchSequence    = "Nats-Batch-Sequence"
	headerBatchCommit      = "Nats-Batch-Commit"
)

// Append implements [events.Log]. It retries until the outcome is known or ctx
// ends, so ctx should have a deadline. An attempt that is not answered within
// two seconds is settled and retried. An invalid trace parent is omitted.
func (l *Log) Append(ctx context.Context, commit events.Commit) (events.Appended, error) {
	began := time.Now()
	sealed, err := commit.Seal()
	if err != nil {
		return events.Appended{}, err
	}
	a := attempt{log: l, commit: &commit, sealed: sealed, remember: true}
	done, err := a.run(ctx)
	switch {
	case err == nil && done.Duplicate:
		l.stats.duplicates.Add(1)
	case err == nil:
		l.stats.appended.Add(1)
	case errors.Is(err, events.ErrConflict):
		l.stats.conflicts.Add(1)
	case errors.Is(err, events.ErrRefused):
		l.stats.refused.Add(1)
	case errors.Is(err, events.ErrUnsettled):
		l.stats.unsettled.Add(1)
	}
	if err != nil {
		return events.Appended{}, fmt.Errorf("append to %s: %w", commit.Head.Aggregate, err)
	}
	if l.acknowledged != nil {
		l.acknowledged(time.Since(began))
	}
	return done, nil
}

// attempt is one call of Append.
type attempt struct {
	log    *Log
	commit *events.Commit
	sealed []events.Envelope
	// remember makes the server detect duplicate event ids; see settleOlder.
	remember bool
}

func (a *attempt) run(ctx context.Context) (events.Appended, error) {
	var pace retry.Backoff
	for {
		last, answer, err := a.publish(ctx)
		switch {
		case answer == written && a.log.replicas == 1:
			return a.succeed(last), nil
		case answer == written:
			answer, err = unknown, nil
			if onChain, e := a.confirm(ctx, last); e != nil {
				err = e
			} else if onChain {
				return a.succeed(last), nil
			}
		case errors.Is(err, nats.ErrMaxPayload):
			// The client did not send the message, so there is nothing to settle.
			return events.Appended{}, fmt.Errorf("%w: %w", events.ErrRefused, err)
		case answer == unknown:
			a.log.stats.ambiguous.Add(1)
		}

		done, settled, e := a.settle(ctx, answer, err)
		if settled {
			return done, e
		}
		if !pace.Wait(ctx) || a.log.nc.IsClosed() {
			return events.Appended{}, fmt.Errorf("%w: %w", events.ErrUnsettled, errors.Join(context.Cause(ctx), err, e))
		}
	}
}

// publish sends the events and reads the single answer. On success, last is the
// sequence of the last event.
func (a *attempt) publish(ctx context.Context) (last uint64, answer verdict, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.log.publishWait)
	defer cancel()
	var batch string
	if len(a.sealed) > 1 {
		batch = nuid.Next()
	}
	for i := range a.sealed {
		m := a.message(i, batch)
		if i < len(a.sealed)-1 {
			// The answer to the last message reports any problem with these.
			if err := a.log.nc.PublishMsg(m); err != nil {
				return 0, unknown, err
			}
			continue
		}
		reply, err := a.log.nc.RequestMsgWithContext(ctx, m)
		if err != nil {
			return 0, unknown, err
		}
		return acknowledgement(reply.Data)
	}
	panic("jetstream: a sealed commit is never empty")
}

// message returns the message that publishes sealed event i.
func (a *attempt) message(i int, batch string) *nats.Msg {
	e := &a.sealed[i]
	h := nats.Header(e.Headers())
	if !a.remember {
		delete(h, headerMsgID)
	}
	if i == 0 {
		h[headerExpectedSequence] = []string{strconv.FormatUint(a.commit.Head.Sequence, 10)}
	}
	if batch != "" {
		h[headerBatchID] = []string{batch}
		h[headerBatchSequence] = []string{strconv.Itoa(i + 1)}
		if i == len(a.sealed)-1 {
			h[headerBatchCommit] = []string{"1"}
		}
	}
	return &nats.Msg{Subject: e.Aggregate.Subject(), Header: h, Data: e.Payload}
}

func acknowledgement(data []byte) (last uint64, answer verdict, err error) {
	var ack struct {
		Sequence  uint64    `json:"seq"`
		Duplicate bool      `json:"duplicate"`
		Error     *apiError `json:"error"`
	}
	switch err := json.Unmarshal(data, &ack); {
	case err != nil:
		return 0, unknown, fmt.Errorf("acknowledgement: %w", err)
	case ack.Error != nil:
		return 0, judge(ack.Error), ack.Error
	case ack.Duplicate:
		return ack.Sequence, duplicate, nil
	case ack.Sequence == 0:
		return 0, unknown, errors.New("acknowledgement has no sequence")
	}
	return ack.Sequence, written, nil
}

// succeed sets the positions of the sealed events. A batch is stored at
// contiguous sequences, which end at last.
func (a *attempt) succeed(last uint64) events.Appended {
	head := a.commit.Head
	for i := range a.sealed {
		a.sealed[i].Position = a.log.at(last - uint64(len(a.sealed)-1-i))
		head = head.After(&a.sealed[i])
	}
	return events.Appended{Events: a.sealed, Head: head}
}

// confirm reports whether an acknowledged write is the first on its subject
// after the commit's head. On a replicated stream, a change of leader can allow
// another writer's event in between, because only the leader checks the expected
// sequence. The messages before an acknowledged sequence never change, so one
// read settles it. The read goes to the leader, which is certain to have the
// sequence; most other replicas do not have it yet and would need retries.
func (a *attempt) confirm(ctx context.Context, last uint64) (bool, error) {
	request := getRequest{Sequence: a.commit.Head.Sequence + 1, Next: a.commit.Head.Aggregate.Subject()}
	first := last - uint64(len(a.sealed)-1)
	m, found, err := a.log.leader(ctx, request)
	if err != nil {
		return false, err
	}
	if found && m.sequence < first {
		a.log.stats.forks.Add(1)
	}
	return found && m.sequence == first, nil
}
