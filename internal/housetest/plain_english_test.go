package housetest

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// archaic matches words and phrases that readers stumble over: they are out of
// use, or leave open who does what.
var archaic = regexp.MustCompile(`(?i)\b(whoever|whosoever|somebody|nobody|anew|shall|lest|whence|hence|thereof|thereby` +
	`|let(s|ting)? (\w+ )?in\b|tak(e|es|en|ing) off|(is|are|was|were) told|there (is|are) no such|the one\b[^.]*?, the other)\b`)

// TestTextsAreInPlainEnglish checks what users, operators and readers see: texts
// and comments of the code, pages, scripts and documents.
func TestTextsAreInPlainEnglish(t *testing.T) {
	t.Parallel()
	tree, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range tree {
		if s.test() || s.generated {
			continue
		}
		for _, c := range s.file.Comments {
			s.plain(t, c.Pos(), strings.Join(strings.Fields(c.Text()), " "))
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if value, err := strconv.Unquote(text.Value); err == nil && strings.Contains(value, " ") { // no key or keyword
					s.plain(t, text.Pos(), value)
				}
			}
			return true
		})
	}
	documents := 0
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if leftOut(path, entry) || path == "gateway/web/assets/dist" {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".md", ".templ", ".yml", ".yaml", ".js"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		documents++
		for i, line := range strings.Split(string(text), "\n") {
			if found := archaic.FindString(line); found != "" {
				t.Errorf("%s:%d has %q; say it plainly", path, i+1, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if documents < 50 {
		t.Errorf("only %d documents, templates and scripts were read", documents)
	}
}

func (s source) plain(t *testing.T, at token.Pos, text string) {
	t.Helper()
	if found := archaic.FindString(text); found != "" {
		t.Errorf("%s:%d has %q; say it plainly", s.path, s.set.Position(at).Line, found)
	}
}

func TestArchaicWordsAreFound(t *testing.T) {
	t.Parallel()
	for text, found := range map[string]bool{
		"Whoever asks.":                           true,
		"Somebody else has changed it.":           true,
		"It is made anew.":                        true,
		"The caller is told.":                     true,
		"There is no such task.":                  true,
		"Let somebody in":                         true,
		"lets them in":                            true,
		"Take a comment off":                      false,
		"Comments are taken off":                  true,
		"the one is early, the other late":        true,
		"Add a member":                            false,
		"marshalled, the shallow copy":            false,
		"The one file. It is not the other kind.": false,
		"Let tests run in parallel":               false,
	} {
		if got := archaic.MatchString(text); got != found {
			t.Errorf("%q: found %t, want %t", text, got, found)
		}
	}
}
