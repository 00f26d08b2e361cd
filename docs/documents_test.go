package docs

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/docketlog/docket/app"
	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

var update = flag.Bool("update", false, "write the generated parts of documents")

// section replaces or compares what follows a marker in a document, up to the
// next blank line after the table.
func section(t *testing.T, path, marker, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin := "<!-- " + marker + " -->\n"
	before, rest, ok := strings.Cut(string(text), begin)
	if !ok {
		t.Fatalf("%s has no %s", path, begin)
	}
	have := ""
	if strings.HasPrefix(rest, "|") {
		have, rest, _ = strings.Cut(rest, "\n\n")
		have += "\n"
		rest = "\n" + rest
	}
	if have == want {
		return
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+rest), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s: the table of %s is not what the program says; run go test ./docs -run TestDocuments -update", path, marker)
}

func TestDocumentsShowEverySetting(t *testing.T) {
	var b strings.Builder
	b.WriteString("| flag | variable | default | meaning |\n|---|---|---|---|\n")
	for _, one := range new(config.Settings).Table() {
		byFile := ""
		if file := one.FileVariable(); file != "" {
			byFile = " or `" + file + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s`%s | %s | %s |\n", one.Name, one.Variable, byFile, quoted(one.Initial), one.Meaning)
	}
	section(t, "docs/operations/settings.md", "settings", b.String())
}

func TestDocumentsShowEveryMetric(t *testing.T) {
	var b strings.Builder
	b.WriteString("| metric | meaning |\n|---|---|\n")
	for name, help := range app.Metrics() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, help)
	}
	section(t, "docs/operations/metrics.md", "metrics", b.String())
}

// TestDocumentsNameEveryMetricServed asks a running program, so that the
// gateway's own figures are covered too.
func TestDocumentsNameEveryMetricServed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/operations/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	d := dockettest.Start(t, "--data", t.TempDir(), "--http", "127.0.0.1:0")
	served, err := http.Get(d.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer served.Body.Close()
	body, err := io.ReadAll(served.Body)
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^# TYPE (docket_[a-z_]+)`).FindAllSubmatch(body, -1)
	if len(names) == 0 {
		t.Fatalf("no metrics in %s", body)
	}
	for _, m := range names {
		if !strings.Contains(string(text), "`"+string(m[1])+"`") {
			t.Errorf("docs/operations/metrics.md lacks %s", m[1])
		}
	}
	d.Stop()
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func TestDocumentsCatalogueEveryEvent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	catalogued := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		catalogued[m[1]] = true
	}
	for name := range events.Types {
		if !catalogued[string(name)] {
			t.Errorf("docs/events.md lacks %s", name)
		}
		delete(catalogued, string(name))
	}
	for name := range catalogued {
		t.Errorf("docs/events.md has %s, which there is not", name)
	}
}

// markdownFiles are all documents that people write, by path.
func markdownFiles(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	for _, root := range []string{"docs", "deploy", ".github"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".md") {
				all = append(all, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestDocumentLinksResolve follows every relative link and its anchor, and
// looks for every path of this repository that stands in backquotes.
func TestDocumentLinksResolve(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	path := regexp.MustCompile("`((?:events|commands|accounts|projections|gateway|notifier|audit|backup|metrics|broker|operations|app|config|e2e|internal|deploy|docs)/[a-z0-9_/.-]+)`")
	for _, document := range markdownFiles(t) {
		text := testkit.ReadFile(t, document)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := document
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(document), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", document, m[1], err)
			} else if m[2] != "" && !anchors(testkit.ReadFile(t, target))[m[2]] {
				t.Errorf("%s links to %s#%s, and no heading has that anchor", document, m[1], m[2])
			}
		}
		for _, m := range path.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s names %s: %v", document, m[1], err)
			}
		}
	}
}

// anchors are those that GitHub gives the headings of a document.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all[strings.ReplaceAll(name, " ", "-")] = true
	}
	return all
}

// TestDocumentsFitOnAPage checks that lines have at most 100 columns. Tables, code
// and links may be longer, since Markdown cannot break them.
func TestDocumentsFitOnAPage(t *testing.T) {
	t.Parallel()
	for _, document := range markdownFiles(t) {
		code := false
		for i, line := range strings.Split(testkit.ReadFile(t, document), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				code = !code
			}
			if code || strings.HasPrefix(line, "|") || strings.Contains(line, "](") || strings.Contains(line, "://") {
				continue
			}
			if n := utf8.RuneCountInString(line); n > 100 {
				t.Errorf("%s:%d has %d columns", document, i+1, n)
			}
		}
	}
}

// TestDocumentsNameTestsThatExist looks for every test that documents say tries
// something.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	must := map[string]bool{"docs/threat-model.md": true, "docs/architecture.md": true}
	for _, document := range markdownFiles(t) {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(testkit.ReadFile(t, document), -1)
		if must[document] && len(named) == 0 {
			t.Fatalf("%s names no test", document)
		}
		for _, m := range named {
			if !there[m[1]] {
				t.Errorf("%s names %s, and no test has that name", document, m[1])
			}
		}
	}
}
