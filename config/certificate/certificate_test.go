package certificate

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docketlog/docket/internal/testkit"
)

func TestCertificateIsRenewed(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, _ := testkit.WriteCertificate(t, folder, 1)
	synctest.Test(t, func(t *testing.T) {
		c, err := Open(certFile, keyFile, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		serial := func() int64 {
			t.Helper()
			pair, err := c.Server().GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			return pair.Leaf.SerialNumber.Int64()
		}
		later := func(n int) {
			when := time.Now().Add(time.Duration(n) * time.Hour)
			for _, name := range []string{certFile, keyFile} {
				_ = os.Chtimes(name, when, when)
			}
			time.Sleep(c.Interval)
		}
		testkit.WriteCertificate(t, folder, 2)
		later(1)
		if got := serial(); got != 2 {
			t.Errorf("serial %d after the renewal, want 2", got)
		}
		if err := os.WriteFile(certFile, []byte("half a cert"), 0o600); err != nil {
			t.Fatal(err)
		}
		later(2)
		if got := serial(); got != 2 {
			t.Errorf("serial %d while the file is broken, want 2", got)
		}
		testkit.WriteCertificate(t, folder, 3)
		later(3)
		if got := serial(); got != 3 {
			t.Errorf("serial %d once it is whole again, want 3", got)
		}
	})
	if _, err := Open(certFile, filepath.Join(folder, "nothing.key"), nil); err == nil {
		t.Error("a key that is not there is no error")
	}
}

// A program that starts with an expired certificate logs it at once, not only
// when clients are rejected.
func TestExpiredCertificateIsReported(t *testing.T) {
	t.Parallel()
	for until, told := range map[time.Time]bool{time.Now().Add(-time.Hour): true, time.Now().Add(time.Hour): false} {
		certFile, keyFile, _ := testkit.WriteCertificateUntil(t, t.TempDir(), 1, until)
		var said bytes.Buffer
		if _, err := Open(certFile, keyFile, slog.New(slog.NewTextHandler(&said, nil))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(said.String(), certFile) != told {
			t.Errorf("valid until %s: said %q", until, said.String())
		}
	}
}
