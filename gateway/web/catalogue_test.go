package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
)

// families are the keys that are put together where they are used, by their
// beginnings: each with all the ends it may have.
func families() map[string][]string {
	all := map[string][]string{
		"priority.":  names(events.Priorities),
		"role.":      {string(events.RoleOwner), string(events.RoleMember), string(events.RoleViewer)},
		"category.":  {string(events.CategoryToDo), string(events.CategoryDoing), string(events.CategoryDone)},
		"scope.":     {string(accounts.ScopeRead), string(accounts.ScopeWrite)},
		"theme.":     {"", "light", "dark"},
		"due.":       {"overdue", "today", "tomorrow", "week", "later", "none"},
		"empty.":     {"list", "trash", "my_work", "find"},
		"field.":     append([]string{"title", "status", "priority", "due", "labels", "description", "assignees", "name", "role", "comment", "statuses"}, groupings...),
		"filter.":    {"status", "due", "number", "priority", "is"},
		"filter.is.": {"open", "deleted"},
		"js.c.":      nil,
		"js.p.":      names(events.Priorities),
		"status.":    {"waiting", "in_progress", "done"},
	}
	for kind := range events.Types {
		all["event."] = append(all["event."], string(kind))
	}
	all["done."] = names([]events.Type{events.TypeTaskEdited, events.TypeTaskMoved, events.TypeTaskAssigned, events.TypeTaskUnassigned})
	all["event."] = append(all["event."], "member_left", "task_placed")
	for _, code := range problem.Codes() {
		all["problem."] = append(all["problem."], string(code))
	}
	for _, code := range regexp.MustCompile(`p\.Code = "([a-z_]+)"`).FindAllStringSubmatch(sourcesOf("*.go"), -1) {
		all["problem."] = append(all["problem."], code[1])
	}
	for _, page := range regexp.MustCompile(`v\.name\("([a-z_]+)"\)`).FindAllStringSubmatch(sourcesOf("*.go"), -1) {
		all["page."] = append(all["page."], page[1])
	}
	all["page."] = append(all["page."], "board", "list", "activity", "trash", "settings")
	// What forms are told to have done stands in the handlers as it is.
	for _, phrase := range regexp.MustCompile(`(?:did\(|phrase: |phrase :?= .*|w\.changed\(ctx, v, r, "[a-z]+", |w\.simple\(ctx, r, |w\.revoke\(r, "[a-z/]+", )"([a-z_]+)"`).FindAllStringSubmatch(sourcesOf("*.go"), -1) {
		all["done."] = append(all["done."], phrase[1])
	}
	for _, id := range regexp.MustCompile(`\{id: '([a-z]+)', (?:keys|run):`).FindAllStringSubmatch(scripts(), -1) {
		all["js.c."] = append(all["js.c."], id[1])
	}
	return all
}

func names[T ~string](all []T) []string {
	var names []string
	for _, one := range all {
		names = append(names, string(one))
	}
	return names
}

// sourcesOf are the package's files of the pattern, without tests and what is
// generated.
func sourcesOf(pattern string) string {
	files, err := filepath.Glob(pattern)
	if err != nil {
		panic(err)
	}
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") || file == "catalogue.go" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String()
}

func scripts() string { return sourcesOf("assets/*.js") }

// TestEveryPhraseIsThere looks for the phrases that pages and scripts say, and
// for those that nothing says.
func TestEveryPhraseIsThere(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for beginning, ends := range families() {
		for _, end := range ends {
			if _, ok := catalogue[beginning+end]; !ok {
				t.Errorf("there is no phrase %q", beginning+end)
			}
			used[beginning+end] = true
		}
	}
	source := sourcesOf("*.go") + sourcesOf("*.templ")
	// A key is the whole argument, or its beginning where a + follows.
	for _, key := range regexp.MustCompile(`\bT\("([a-z_.0-9]+)"([^)]?)`).FindAllStringSubmatch(source, -1) {
		if strings.HasSuffix(key[1], ".") {
			if _, known := families()[key[1]]; !known {
				t.Errorf("phrases that begin with %q are used, and nothing says which there are", key[1])
			}
			continue
		}
		if _, ok := catalogue[key[1]]; !ok {
			t.Errorf("there is no phrase %q", key[1])
		}
		used[key[1]] = true
	}
	for _, key := range regexp.MustCompile(`"(quick\.[a-z]+)"`).FindAllStringSubmatch(source, -1) {
		used[key[1]] = true
		if _, ok := catalogue[key[1]]; !ok {
			t.Errorf("there is no phrase %q", key[1])
		}
	}
	said := scripts()
	for _, call := range regexp.MustCompile(`say\('([A-Za-z_.]+)'( \+)?`).FindAllStringSubmatch(said, -1) {
		key := "js." + call[1]
		if call[2] != "" {
			if _, known := families()[key]; !known {
				t.Errorf("a script says phrases that begin with %q, and nothing says which there are", key)
			}
			continue
		}
		if _, ok := catalogue[key]; !ok {
			t.Errorf("a script says %q, which there is not", key)
		}
		used[key] = true
	}
	for key := range catalogue {
		name, script := strings.CutPrefix(key, "js.")
		switch {
		case used[key], script && (strings.Contains(said, "'"+name+"'") || strings.Contains(said, `"`+name+`"`)):
		default:
			t.Errorf("nothing says the phrase %q", key)
		}
	}
}

// TestPhrasesAreAlike compares the languages: each phrase is there in all, and
// has room for the same things.
func TestPhrasesAreAlike(t *testing.T) {
	t.Parallel()
	room := regexp.MustCompile(`%[a-z]|%\[|\{\}`)
	for key, p := range catalogue {
		one, more, counts := strings.Cut(p[english], "|")
		wanted := room.FindAllString(one, -1)
		if counts {
			wanted = room.FindAllString(more, -1)
			if !strings.Contains(more, "%d") && !strings.Contains(more, "{}") {
				t.Errorf("%s counts, and does not say how many: %q", key, more)
			}
			// The form for one may say it in words; then it takes nothing.
			if got := room.FindAllString(one, -1); len(got) > 0 && !slices.Equal(got, wanted) {
				t.Errorf("%s: %q and %q take different things", key, one, more)
			}
		}
		for l := range languages {
			text := p[l]
			if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
				t.Errorf("%s is %q in %s", key, text, l)
			}
			if strings.Contains(text, "%%") || strings.ContainsAny(text, "<>") {
				t.Errorf("%s is odd in %s: %q", key, l, text)
			}
			if l == english {
				continue
			}
			if strings.Contains(text, "|") {
				t.Errorf("%s counts in %s, which has one form: %q", key, l, text)
			}
			got := room.FindAllString(text, -1)
			if !slices.Equal(got, wanted) {
				t.Errorf("%s takes %q in English and %q in %s", key, wanted, got, l)
			}
		}
	}
}

// TestPhrasesThatCount says phrases of one and of several.
func TestPhrasesThatCount(t *testing.T) {
	t.Parallel()
	for key, p := range catalogue {
		if !strings.Contains(p[english], "|") {
			continue
		}
		for l := range languages {
			for _, n := range []int{0, 1, 2, 21} {
				got := p.in(l, n)
				if strings.Contains(got, "%!") || strings.Contains(got, "|") {
					t.Errorf("%s of %d in %s: %q", key, n, l, got)
				}
			}
		}
	}
}

// TestProblemsInWords tells every sort of problem in every language.
func TestProblemsInWords(t *testing.T) {
	t.Parallel()
	for l := range languages {
		v := someView(l)
		for _, code := range problem.Codes() {
			text := v.problemText(problem.New(code, ""))
			if text == "" || strings.HasPrefix(text, "problem.") || l == korean && !regexp.MustCompile(`\p{Hangul}`).MatchString(text) {
				t.Errorf("%s in %s: %q", code, l, text)
			}
		}
		// A code there is no phrase for is told as programs are told.
		p := problem.New(problem.NotFound, "The exact reason.")
		p.Code = "of_tomorrow"
		if got := v.problemText(p); !strings.Contains(got, "The exact reason.") {
			t.Errorf("an unknown code in %s: %q", l, got)
		}
	}
}
