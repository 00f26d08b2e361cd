package app

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestShutdownLeavesPartsThatHang: a part that waits in vain may delay a
// normal shutdown without limit, but not a shutdown after which it cannot
// finish.
func TestShutdownLeavesPartsThatHang(t *testing.T) {
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
				time.Sleep(time.Hour) // ends the abandoned part too
			})
		})
	}
}
