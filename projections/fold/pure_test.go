package fold

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pure lists what this package may import: the packages that define events and
// tables, and libraries whose functions depend only on their arguments.
var pure = []string{
	"github.com/docketlog/docket/events", "github.com/docketlog/docket/projections/schema", "github.com/google/uuid",
	"errors", "fmt", "maps", "slices", "strconv", "strings", "time",
}

// ofTime lists what it may use of package time, which also has a clock.
var ofTime = []string{"Duration", "Time", "Microsecond", "Minute", "Hour"}

func TestFoldIsPure(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		read++
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); !slices.Contains(pure, path) || spec.Name != nil {
				t.Errorf("%s imports %s, which is not among what a fold may look at", name, spec.Path.Value)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if of, ok := selector.X.(*ast.Ident); ok && of.Name == "time" && !slices.Contains(ofTime, selector.Sel.Name) {
					t.Errorf("%s uses time.%s, which may depend on a clock", name, selector.Sel.Name)
				}
			}
			return true
		})
	}
	if read == 0 {
		t.Fatal("there is no file")
	}
}
