package projections_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport lists the packages below this one and which of Docket's packages
// each may use: schema ← dialect, schema ← fold, and the engine uses all three.
// Fold and dialect do not know each other.
var mayImport = map[string][]string{
	"schema":  {},
	"dialect": {"projections/schema"},
	"fold":    {"events", "projections/schema"},
	".":       {"events", "traces", "metrics", "projections/schema", "projections/dialect", "projections/fold"},
}

func TestRoomsImportAgainstTheArrow(t *testing.T) {
	t.Parallel()
	rooms, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(rooms, own...) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		allowed, known := mayImport[filepath.Dir(path)]
		if !known {
			t.Errorf("%s: the room is not in the table", path)
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if ours, is := strings.CutPrefix(imported, "github.com/docketlog/docket/"); is && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which its room may not", path, ours)
			}
		}
	}
}
