package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func TestFoldersBecomePrivate(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	for _, before := range []os.FileMode{0, 0o755, 0o770, 0o700} {
		if before != 0 {
			if err := os.Chmod(folder, before); err != nil {
				t.Fatal(err)
			}
		}
		if err := privateFolder(folder, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("a folder with mode %o has %s, %v", before, info.Mode(), err)
		}
	}
}
