package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
)

// copies returns how often each stream was copied.
func copies(f *File) map[string]int {
	n := map[string]int{}
	for _, c := range f.end.Streams {
		n[c.Stream] = max(n[c.Stream], c.Copy)
	}
	return n
}

// when returns a writer that calls act whenever the written data contains
// words.
func when(w io.Writer, words string, act func()) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte(words)) {
			act()
		}
		return w.Write(p)
	})
}

// TestAccountsAreCopiedUntilTheyRest checks that stores that belong together
// are copied consistently, and that nothing else is copied twice.
func TestAccountsAreCopiedUntilTheyRest(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	changes := 2
	var b bytes.Buffer
	// A user registers after people were copied and before credentials are.
	taken, err := Take(t.Context(), i.nc, stores, when(&b, broker.BucketPrefix+accounts.CredentialsBucket+"/", func() {
		if changes > 0 {
			changes--
			i.put(accounts.PeopleBucket, "second", "later")
		}
	}), TakeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := opened(t, b.Bytes())
	for stream, n := range copies(f) {
		want := 1
		for _, one := range stores {
			if one.Stream == stream && one.Together {
				want = 2
			}
		}
		if n < want || want == 1 && n > 1 {
			t.Errorf("%s was copied %d times", stream, n)
		}
	}
	found := on(t, brokertest.Conn(t))
	if err := Restore(t.Context(), found.nc, f, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if have, want := len(found.messages(people)), len(i.messages(people)); have != want || taken[people] != uint64(want) {
		t.Errorf("%d messages of people came back, %d were told, there are %d", have, taken[people], want)
	}

	// If the stores never stop changing, the backup fails with an error.
	_, err = Take(t.Context(), i.nc, stores, when(io.Discard, broker.BucketPrefix+accounts.CredentialsBucket+"/", func() { i.put(accounts.PeopleBucket, "second", "later") }), TakeOptions{})
	if !errors.Is(err, ErrChanged) {
		t.Errorf("accounts that never rest: %v", err)
	}
}

// TestTakeFails checks that Take returns the writer's error wherever it occurs,
// and that the output is not accepted as a backup.
func TestTakeFails(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	whole, full := len(i.take()), errors.New("full")
	for room := 0; room < whole; room += max(whole/12, 1) {
		var b bytes.Buffer
		_, err := Take(t.Context(), i.nc, stores, writerFunc(func(p []byte) (int, error) {
			if b.Len()+len(p) > room {
				return 0, full
			}
			return b.Write(p)
		}), TakeOptions{})
		if !errors.Is(err, full) {
			t.Errorf("with room for %d of %d bytes: %v", room, whole, err)
		}
		if _, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), nil); err == nil && !bytes.Contains(b.Bytes(), []byte(nameEnd)) {
			t.Errorf("the first %d of %d bytes are taken for a backup", b.Len(), whole)
		}
	}
	if _, err := Take(t.Context(), brokertest.Conn(t), stores, io.Discard, TakeOptions{}); !errors.Is(err, ErrNoLog) {
		t.Errorf("where there is no log: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Take(ctx, i.nc, stores, when(io.Discard, people, cancel), TakeOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
