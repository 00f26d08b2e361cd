package backup

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/broker"
)

// written returns a backup of streams that exist on no server: the first is
// copied twice, with different content; the second has more than one part if it
// is long.
func written(t testing.TB, long int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := newWriter(&b, "test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"FIRST", "SECOND", "FIRST"} {
		c, err := w.begin(name, broker.Snapshot{Config: json.RawMessage(fmt.Sprintf(`{"copy":%d}`, i)), State: json.RawMessage(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		// Write in pieces, as they arrive from a server.
		for rest := long; rest > 0; rest -= 100_000 {
			if _, err := c.Write(bytes.Repeat([]byte{byte('a' + i)}, min(rest, 100_000))); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finish(time.Now()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// held returns what a file would restore.
func held(t testing.TB, f *File) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, c := range f.streams() {
		of, content := f.content(c)
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		all[c.Stream] = string(of.Config) + string(text)
	}
	return all
}

// TestOpenGivesWhatWasWritten checks that the last copy of each stream is
// returned, in the order of the copies that count, as often as it is requested.
func TestOpenGivesWhatWasWritten(t *testing.T) {
	t.Parallel()
	const long = 2*partSize + 12345
	f := opened(t, written(t, long))
	var order []string
	for _, c := range f.streams() {
		order = append(order, c.Stream)
		if c.Bytes != long {
			t.Errorf("%s: %d bytes, %d were written", c.Stream, c.Bytes, long)
		}
	}
	if !cmp.Equal(order, []string{"SECOND", "FIRST"}) {
		t.Errorf("they come back in the order %q", order)
	}
	want := map[string]string{
		"SECOND": `{"copy":1}` + string(bytes.Repeat([]byte("b"), long)),
		"FIRST":  `{"copy":2}` + string(bytes.Repeat([]byte("c"), long)),
	}
	for range 2 {
		if have := held(t, f); !maps.Equal(have, want) {
			for name := range want {
				t.Errorf("%s has %d bytes, want %d, or others", name, len(have[name]), len(want[name]))
			}
		}
	}
}

// TestOpenRefuses checks that incomplete and damaged backups are refused with
// the right error.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	whole := written(t, 100_000)
	end := bytes.Index(whole, []byte(nameEnd))
	flipped := bytes.Clone(whole)
	flipped[end/2] ^= 1
	noise := make([]byte, 4096)
	_, _ = rand.Read(noise)
	// A few bytes that claim to be a terabyte of zeros.
	var hollow bytes.Buffer
	w := tar.NewWriter(&hollow)
	for _, header := range []*tar.Header{{Name: nameBegin, Size: 2}, {Name: "FIRST/1/000001", Size: 1 << 40}} {
		header.Typeflag = tar.TypeReg
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	for what, wrong := range map[string]struct {
		content []byte
		is      error
	}{
		"nothing at all":           {nil, ErrNoBackup},
		"something else":           {readme, ErrNoBackup},
		"noise":                    {noise, ErrNoBackup},
		"half of it":               {whole[:len(whole)/2], ErrCut},
		"all but the end":          {whole[:end], ErrCut},
		"the end without text":     {whole[:end+512], ErrCut},
		"its first kilobyte":       {whole[:1024], ErrCut},
		"a changed bit":            {flipped, ErrDamaged},
		"an end of no copies":      {bytes.Replace(whole, []byte(`"streams":`), []byte(`"strEAMz":`), 1), ErrDamaged},
		"an end that lacks a copy": {bytes.Replace(whole, []byte(`"stream":"SECOND"`), []byte(`"stream":"SECONd"`), 1), ErrDamaged},
		"an end of other bytes":    {bytes.Replace(whole, []byte(`"bytes":100000`), []byte(`"bytes":100001`), 1), ErrDamaged},
		"a newer format":           {bytes.Replace(whole, []byte(`{"format":1,`), []byte(`{"format":9,`), 1), ErrNewer},
		"zeros without end":        {hollow.Bytes(), ErrCut},
	} {
		if f, err := Open(bytes.NewReader(wrong.content), int64(len(wrong.content)), nil); f != nil || !errors.Is(err, wrong.is) {
			t.Errorf("%s: %v, want %v", what, err, wrong.is)
		}
	}
	broken := errors.New("broken")
	if _, err := Open(brokenReader{broken}, 1<<20, nil); err == nil {
		t.Error("what cannot be read is a backup")
	}
}

// TestOpenReadsWhatWasWrittenBefore: format samples are never edited.
func TestOpenReadsWhatWasWrittenBefore(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile("testdata/format-1.backup")
	if err != nil {
		t.Fatal(err)
	}
	f := opened(t, sample)
	if have, want := held(t, f), map[string]string{"SECOND": `{"copy":1}bbbbbbbbbb`, "FIRST": `{"copy":2}cccccccccc`}; f.began.Format != 1 || !maps.Equal(have, want) {
		t.Errorf("format %d holds %q", f.began.Format, have)
	}
}

// brokenReader is a reader that always fails.
type brokenReader struct{ err error }

func (r brokenReader) ReadAt([]byte, int64) (int, error) { return 0, r.err }

// TestEveryByteCounts: wherever a file is cut or changed, it is refused, or the
// change does not affect what is restored.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	whole := written(t, 700)
	before := opened(t, whole)
	want := held(t, before)
	end := bytes.Index(whole, []byte(nameEnd))
	for at := range whole {
		if f, err := Open(bytes.NewReader(whole[:at]), int64(at), nil); err == nil && (at < end || !maps.Equal(held(t, f), want)) {
			t.Fatalf("cut after %d of %d bytes it is a backup", at, len(whole))
		}
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		f, err := Open(bytes.NewReader(changed), int64(len(changed)), nil)
		if err == nil && (!maps.Equal(held(t, f), want) || f.began != before.began || f.end.Ended != before.end.Ended) {
			t.Fatalf("byte %d of %d can be another", at, len(whole))
		}
	}
}
