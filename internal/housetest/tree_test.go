package housetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// module is the program's module. Folders of other modules are excluded.
const module = "github.com/docketlog/docket"

// source is a Go file of the repository.
type source struct {
	path      string // with slashes, relative to the root of the repository
	text      string
	set       *token.FileSet
	file      *ast.File
	generated bool
}

// readTree parses every Go file below the working folder.
func readTree() ([]source, error) {
	var all []source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if leftOut(path, entry) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.ToSlash(path), string(text), set, file, ast.IsGenerated(file)})
		return nil
	})
	return all, err
}

// leftOut reports whether a folder is not part of the program.
func leftOut(path string, entry fs.DirEntry) bool {
	if path == "." {
		return false
	}
	if strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

// folder returns the file's folder.
func (s source) folder() string { return filepath.ToSlash(filepath.Dir(s.path)) }

// test reports whether the file is a test or test support.
func (s source) test() bool {
	return strings.HasSuffix(s.path, "_test.go") || strings.HasSuffix(s.folder(), "test")
}

// imports returns Docket's own packages that the file imports, relative to the
// root of the repository.
func (s source) imports() (ours []string) {
	for _, spec := range s.file.Imports {
		if path, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/"); ok {
			ours = append(ours, path)
		}
	}
	return ours
}
