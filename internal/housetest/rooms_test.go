package housetest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayImport is the rooms and which of ours each may use: data walks gateway →
// commands → events → projections → query, and imports run only against it.
// docs/architecture.md shows the same table.
var mayImport = map[string][]string{
	"metrics":     {},
	"traces":      {},
	"i18n":        {},
	"operations":  {},
	"broker":      {"metrics"},
	"events":      {"broker", "metrics"},
	"commands":    {"events", "traces", "metrics"},
	"accounts":    {"events", "broker", "metrics"},
	"projections": {"events", "traces", "metrics"},
	"notifier":    {"events", "broker", "traces", "metrics", "i18n"},
	"audit":       {"events", "projections"},
	"backup":      {"events", "broker"},
	"gateway":     {"events", "broker", "commands", "accounts", "projections", "traces", "operations", "i18n"},
	"config":      {"broker", "notifier", "projections", "traces"},
	"app": {
		"config", "operations", "metrics", "traces", "broker", "events", "commands", "accounts", "projections", "notifier", "audit", "backup", "gateway",
	},
	rootRoom: {"app"},
	// Beside packages for tests these hold nothing but tests.
	"internal": {},
	"e2e":      {},
	"deploy":   {},
	"docs":     {},
}

// rootRoom is what stands in no folder: main.go.
const rootRoom = "."

const module = "github.com/docketlog/docket"

// TestRoomsImportAgainstTheArrow reads every import of the tree. Tests may
// also use the broker, which is the real server they run against.
func TestRoomsImportAgainstTheArrow(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != "." || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); entry.IsDir() && path != "." && err == nil {
			return fs.SkipDir // a module of its own, which cannot be imported here
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		room, _, below := strings.Cut(filepath.ToSlash(path), "/")
		if !below {
			room = rootRoom
		}
		allowed, known := mayImport[room]
		if !known {
			t.Errorf("%s: room %q is not in the table", path, room)
			return nil
		}
		seen[room] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/")
			if !ours {
				continue
			}
			target, _, _ := strings.Cut(imported, "/")
			inTest := strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "test")
			if target == room || slices.Contains(allowed, target) || inTest {
				continue
			}
			t.Errorf("%s imports %s, which room %q may not", path, imported, room)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range mayImport {
		if !seen[room] {
			t.Errorf("the table names room %q, and there is none", room)
		}
	}
}
