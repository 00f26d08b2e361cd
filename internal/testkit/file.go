package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// ReadFile returns the text of a file. It fails the test if the file cannot be
// read.
func ReadFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// WriteFile writes a temporary file that only its owner can read and returns
// its path. The file is removed when the test ends.
func WriteFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}
