package app

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestPartsThatCannotFinishAreLeft: a part that waits for what does not come
// holds up an end as long as it likes, but not one after which nothing comes.
func TestPartsThatCannotFinishAreLeft(t *testing.T) {
	for name, test := range map[string]struct {
		failure error
		want    time.Duration
	}{
		"a failure like others":   {errors.New("broken"), time.Hour},
		"nothing can be finished": {fmt.Errorf("broken: %w", errHopeless), hopelessGrace},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				stuck := part{"stuck", func(ctx context.Context) error {
					<-ctx.Done()
					time.Sleep(time.Hour)
					return ctx.Err()
				}}
				broken := part{"broken", func(context.Context) error { return test.failure }}
				if err := runParts(t.Context(), []part{stuck}, []part{broken}); !errors.Is(err, test.failure) {
					t.Errorf("ended with %v, want %v", err, test.failure)
				}
				if took := time.Since(began); took != test.want {
					t.Errorf("ended after %s, want %s", took, test.want)
				}
				time.Sleep(time.Hour) // what was left ends too
			})
		})
	}
}
