package backup

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/audit"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/notifier"
)

// TestBackupComesBack checks that every message of every stream keeps its
// sequence, that the log is intact and another incarnation, and that its
// consumers keep their positions.
func TestBackupComesBack(t *testing.T) {
	t.Parallel()
	lost := newInstallation(t)
	decider, err := lost.js.Consumer(t.Context(), jetstream.DefaultStream, notifier.Consumer)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	began := time.Now().Truncate(time.Second)
	progress := func(told *[2]uint64) Progress {
		return func(done, total uint64) {
			if *told = [2]uint64{done, total}; done > total {
				t.Errorf("%d of %d bytes are done", done, total)
			}
		}
	}
	var copied, read, given [2]uint64
	taken, err := Take(t.Context(), lost.nc, stores, &b, TakeOptions{Version: "1.2.3", Progress: progress(&copied)})
	if err != nil {
		t.Fatal(err)
	}
	if taken[jetstream.DefaultStream] != uint64(len(lost.messages(jetstream.DefaultStream))) || taken[people] != 1 {
		t.Errorf("taken: %+v", taken)
	}
	f, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), progress(&read))
	if err != nil {
		t.Fatal(err)
	}
	if f.began.Version != "1.2.3" || f.Began().Before(began) || f.end.Ended.Before(f.Began()) {
		t.Errorf("the file says %+v and %+v", f.began, f.end)
	}

	found := on(t, brokertest.Conn(t))
	if err := Restore(t.Context(), found.nc, f, RestoreOptions{Progress: progress(&given)}); err != nil {
		t.Fatal(err)
	}
	if copied[0] != copied[1] || given[0] != given[1] || copied[0] == 0 || given[0] == 0 || read[0] == 0 {
		t.Errorf("told of the last: %d copied, %d read, %d given", copied, read, given)
	}
	if have, want := brokertest.Streams(t, found.nc), slices.Sorted(slices.Values(streams())); !slices.Equal(have, want) {
		t.Fatalf("%q came back, want %q", have, want)
	}
	for _, name := range streams() {
		if diff := cmp.Diff(lost.messages(name), found.messages(name)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
	log, err := jetstream.Open(t.Context(), found.nc, jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := lost.log.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after, err := log.End(t.Context())
	if err != nil || after.Sequence != before.Sequence || after.Incarnation == before.Incarnation {
		t.Errorf("the log ended at %s and ends at %s: %v", before, after, err)
	}
	if from, to := log.Copied(); from.Before(began) || to.Before(from) || to.After(time.Now()) {
		t.Errorf("the log says it was copied from %s to %s", from, to)
	}
	if chains, err := audit.Chains(t.Context(), log, nil); err != nil || chains.Broken > 0 || chains.Events != taken[jetstream.DefaultStream] {
		t.Errorf("the chains: %+v, %v", chains, err)
	}
	there, err := found.js.Consumer(t.Context(), jetstream.DefaultStream, notifier.Consumer)
	if err != nil || there.CachedInfo().NumPending != decider.CachedInfo().NumPending {
		t.Errorf("what decides on notices: %v, %+v", err, there)
	}

	// The broker is no longer empty, and remains unchanged.
	state := found.messages(people)
	if err := Restore(t.Context(), found.nc, f, RestoreOptions{}); !errors.Is(err, ErrTaken) || !cmp.Equal(state, found.messages(people)) {
		t.Errorf("restored twice: %v", err)
	}
	// One file can fill any number of brokers, whatever was done with it
	// before.
	again := on(t, brokertest.Conn(t))
	if err := Restore(t.Context(), again.nc, f, RestoreOptions{}); err != nil || !cmp.Equal(state, again.messages(people)) {
		t.Errorf("restored elsewhere: %v", err)
	}
}

// TestRestoreToAClusterHasItsReplicas checks that every stream gets the
// requested number of replicas, not the original number.
func TestRestoreToAClusterHasItsReplicas(t *testing.T) {
	t.Parallel()
	f := opened(t, newInstallation(t).take())
	cluster := on(t, brokertest.Cluster(t, 3).Conn(t))
	if err := Restore(t.Context(), cluster.nc, f, RestoreOptions{Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	for _, name := range streams() {
		s, err := cluster.js.Stream(t.Context(), name)
		if err != nil || s.CachedInfo().Config.Replicas != 3 {
			t.Errorf("%s: %v, %+v", name, err, s)
		}
	}
}

// TestFailedRestoreCleansUp checks that a failed restore leaves nothing
// that could be mistaken for an installation.
func TestFailedRestoreCleansUp(t *testing.T) {
	t.Parallel()
	whole := opened(t, newInstallation(t).take())

	// An undamaged file whose content is not a snapshot.
	var b bytes.Buffer
	w, err := newWriter(&b, "test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range whole.streams() {
		of, content := whole.content(c)
		to, err := w.begin(c.Stream, of)
		if err != nil {
			t.Fatal(err)
		}
		if c.Stream == people {
			content = bytes.NewReader(make([]byte, 1000))
		}
		if _, err := to.part.ReadFrom(content); err != nil {
			t.Fatal(err)
		}
		if err := to.close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finish(time.Now()); err != nil {
		t.Fatal(err)
	}
	i := on(t, brokertest.Conn(t))
	if err := Restore(t.Context(), i.nc, opened(t, b.Bytes()), RestoreOptions{}); err == nil {
		t.Error("something that is no snapshot was restored")
	}
	if left := brokertest.Streams(t, i.nc); len(left) > 0 {
		t.Errorf("after a failure the broker has %q", left)
	}

	ctx, cancel := context.WithCancel(t.Context())
	err = Restore(ctx, i.nc, whole, RestoreOptions{Progress: func(done, total uint64) {
		if done > total/2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if left := brokertest.Streams(t, i.nc); len(left) > 0 {
		t.Errorf("after it was interrupted the broker has %q", left)
	}

	// The owner of an existing stream does not matter.
	if _, err := i.js.CreateStream(t.Context(), js.StreamConfig{Name: notifier.Stream}); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), i.nc, whole, RestoreOptions{}); !errors.Is(err, ErrTaken) {
		t.Errorf("where there is one stream: %v", err)
	}
	if left := brokertest.Streams(t, i.nc); !slices.Equal(left, []string{notifier.Stream}) {
		t.Errorf("after it was refused the broker has %q", left)
	}
}
