package transient_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/transient"
)

func TestIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("refused"), false},
		{nats.ErrNoResponders, true},
		{fmt.Errorf("ask: %w", nats.ErrTimeout), true},
		{context.DeadlineExceeded, true},
		{context.Canceled, false},
		{&js.APIError{Code: 503, ErrorCode: 10008}, true},  // the stream has no leader
		{&js.APIError{Code: 400, ErrorCode: 10005}, true},  // too few servers have joined
		{&js.APIError{Code: 404, ErrorCode: 10059}, false}, // the stream does not exist
		{fmt.Errorf("%w: %w", nats.ErrConnectionClosed, nats.ErrTimeout), false},
	} {
		if got := transient.Is(c.err); got != c.want {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		answers := []error{nats.ErrNoResponders, nats.ErrTimeout, refused}
		err := transient.Retry(t.Context(), func(context.Context) error {
			next := answers[0]
			answers = answers[1:]
			return next
		})
		if !errors.Is(err, refused) || len(answers) != 0 {
			t.Errorf("%v with %d answers left", err, len(answers))
		}
	})
}

// A bucket that another process has just created may not be known to the server
// that is asked.
func TestOpenWaitsForWhatAnotherProcessCreates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []error{js.ErrBucketExists, js.ErrBucketNotFound, js.ErrStreamNotFound, nil}
		err := transient.Open(t.Context(), func(context.Context) error {
			next := answers[0]
			answers = answers[1:]
			return next
		})
		if err != nil || len(answers) != 0 {
			t.Errorf("%v with %d answers left", err, len(answers))
		}
		refused := errors.New("refused")
		if err := transient.Open(t.Context(), func(context.Context) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("have %v, want %v at once", err, refused)
		}
	})
}
