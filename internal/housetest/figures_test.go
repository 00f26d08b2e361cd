package housetest

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// figure is one measurement of the code with its limit, and whether the test
// fails if it is exceeded.
type figure struct {
	what, have, limit string
	within, enforced  bool
}

// TestFigures prints the size, function length, coupling and documentation of
// the code. Generated code, tests and test support are excluded.
func TestFigures(t *testing.T) {
	t.Parallel()
	tree, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	var root int
	var code []source
	for _, s := range tree {
		if s.folder() == "." {
			root++
		}
		if !s.test() && !s.generated {
			code = append(code, s)
		}
	}
	size, function, names := sizes(code), longestFunction(code), documented(code)
	comments := commentShare(code)
	for _, f := range []figure{
		{"Go files at the root", fmt.Sprint(root), "1", root == 1, true},
		{"largest package, lines", fmt.Sprintf("%d (%s)", size.largest, size.in), "4500", size.largest <= 4500, true},
		{"lines a package on average", fmt.Sprintf("%d (of %d packages)", size.average(), size.packages), "999", size.average() < 1000, true},
		{"longest function, lines", fmt.Sprintf("%d (%s)", function.lines, function.name), "79", function.lines < 80, true},
		atMost("imports from web to api", importsBetween(code, "gateway/web", "gateway/api"), 0, true),
		atMost("imports against the table of rooms", len(againstTheArrow(tree)), 0, true),
		atMost("packages without a comment", withoutComment(tree), 0, true),
		{"exported names with a comment", fmt.Sprintf("%.1f %% of %d", names.percent(), names.all), "95.0 %", names.percent() >= 95, true},
		{"lines that are comments", fmt.Sprintf("%.1f %%", comments), "-", true, false},
	} {
		state := ""
		if !f.within {
			state = "  BEYOND IT"
		}
		t.Logf("%-36s %-34s limit %s%s", f.what, f.have, f.limit, state)
		if !f.within && f.enforced {
			t.Errorf("%s: %s, the limit is %s", f.what, f.have, f.limit)
		}
	}
}

func atMost(what string, have, limit int, enforced bool) figure {
	return figure{what, fmt.Sprint(have), fmt.Sprint(limit), have <= limit, enforced}
}

// size is the number of lines of packages.
type size struct {
	packages, lines, largest int
	in                       string
}

func (s size) average() int { return s.lines / max(s.packages, 1) }

// sizes excludes packages that contain only their package comment.
func sizes(code []source) (all size) {
	lines, whole := map[string]int{}, map[string]bool{}
	for _, s := range code {
		lines[s.folder()] += strings.Count(s.text, "\n")
		whole[s.folder()] = whole[s.folder()] || len(s.file.Decls) > 0
	}
	for folder, n := range lines {
		if !whole[folder] {
			continue
		}
		all.packages++
		all.lines += n
		if n > all.largest {
			all.largest, all.in = n, folder
		}
	}
	return all
}

// function is the length of a function in lines, including its signature.
type function struct {
	name  string
	lines int
}

func longestFunction(code []source) (longest function) {
	for _, s := range code {
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > longest.lines {
				longest = function{s.folder() + "." + f.Name.Name, n}
			}
		}
	}
	return longest
}

// importsBetween counts the files of one package that import another.
func importsBetween(code []source, from, to string) (n int) {
	for _, s := range code {
		for _, imported := range s.imports() {
			if (s.folder() == from || strings.HasPrefix(s.folder(), from+"/")) && imported == to {
				n++
			}
		}
	}
	return n
}

// withoutComment counts packages without a package comment. An external test
// package counts as part of its package.
func withoutComment(tree []source) (n int) {
	said := map[string]bool{}
	for _, s := range tree {
		said[s.folder()] = said[s.folder()] || s.file.Doc != nil
	}
	for _, has := range said {
		if !has {
			n++
		}
	}
	return n
}

// names counts exported names, and those documented by their own comment or by
// the comment of their group.
type names struct{ all, documented int }

func (n names) percent() float64 { return 100 * float64(n.documented) / float64(max(n.all, 1)) }

func (n *names) count(name *ast.Ident, comments ...*ast.CommentGroup) {
	if !name.IsExported() {
		return
	}
	n.all++
	for _, c := range comments {
		if c != nil {
			n.documented++
			return
		}
	}
}

// documented excludes methods that implement an interface of the same package,
// of errors or of fmt: the interface documents them.
func documented(code []source) (all names) {
	promised := map[string]bool{}
	for _, s := range code {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok {
				for _, method := range i.Methods.List {
					for _, name := range method.Names {
						promised[s.folder()+"."+name.Name] = true
					}
				}
			}
			return true
		})
		for _, name := range []string{"Error", "Unwrap", "String"} {
			promised[s.folder()+"."+name] = true
		}
	}
	for _, s := range code {
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				of := receiver(d)
				if of == "" || ast.IsExported(of) && !promised[s.folder()+"."+d.Name.Name] {
					all.count(d.Name, d.Doc)
				}
			case *ast.GenDecl:
				all.countSpecs(d)
			}
		}
	}
	return all
}

func (n *names) countSpecs(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			n.count(s.Name, s.Doc, s.Comment, d.Doc)
		case *ast.ValueSpec:
			if d.Tok == token.IMPORT {
				continue
			}
			for _, name := range s.Names {
				n.count(name, s.Doc, s.Comment, d.Doc)
			}
		}
	}
}

// receiver returns the type of a method, or "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	of := d.Recv.List[0].Type
	for {
		switch t := of.(type) {
		case *ast.StarExpr:
			of = t.X
		case *ast.IndexExpr:
			of = t.X
		case *ast.IndexListExpr:
			of = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

// commentShare returns the percentage of non-blank lines that are comments.
func commentShare(code []source) float64 {
	all, comments := 0, 0
	for _, s := range code {
		for line := range strings.Lines(s.text) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			all++
			if strings.HasPrefix(line, "//") {
				comments++
			}
		}
	}
	return 100 * float64(comments) / float64(max(all, 1))
}
