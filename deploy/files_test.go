package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// filesOf reads every file below a folder.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil || len(texts) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(texts), err)
	}
	return texts
}
