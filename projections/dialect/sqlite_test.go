package dialect

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSQLiteFilesArePrivate opens a new database, and one whose files other
// users could read, in a folder that they can enter.
func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	for _, existing := range []bool{false, true} {
		folder := t.TempDir()
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "rows.db")
		if existing {
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_, pools, err := openSQLite("sqlite:"+path, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pools.Read.Close(); _ = pools.Write.Close() })
		if _, err := pools.Write.ExecContext(t.Context(), "create table t (a int)"); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) != 3 {
			t.Fatalf("files %v, %v; want the database, its log and its index", files, err)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("existing %t: %s has mode %s, %v", existing, filepath.Base(file), info.Mode(), err)
			}
		}
	}
}
