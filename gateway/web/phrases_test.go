package web

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/i18n"
)

// families are the keys that the code assembles, by prefix, each with all
// possible suffixes.
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
	for _, kind := range all["event."] {
		if strings.HasPrefix(kind, "task_") || strings.HasPrefix(kind, "comment_") {
			all["activity."] = append(all["activity."], kind)
		}
	}
	all["field."] = append(all["field."], fieldNames()...)
	for _, reason := range problem.Reasons() {
		all["wrong."] = append(all["wrong."], string(reason))
		for _, field := range fieldNames() {
			if i18n.Has("wrong." + field + "." + string(reason)) {
				all["wrong."] = append(all["wrong."], field+"."+string(reason))
			}
		}
	}
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
	// Handlers contain the phrases of what forms have done literally.
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

// sourcesOf returns the package's files that match the pattern, without tests
// and generated files.
func sourcesOf(pattern string) string {
	files, err := filepath.Glob(pattern)
	if err != nil {
		panic(err)
	}
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "_templ.go") {
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

func scripts() string { return sourcesOf("assets/scripts/*.js") + sourcesOf("assets/scripts/*/*.js") }

// TestEveryPhraseIsThere finds missing phrases, which pages or scripts use, and
// unused ones.
func TestEveryPhraseIsThere(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for beginning, ends := range families() {
		for _, end := range ends {
			if !i18n.Has(beginning + end) {
				t.Errorf("there is no phrase %q", beginning+end)
			}
			used[beginning+end] = true
		}
	}
	source := sourcesOf("*.go") + sourcesOf("*.templ") + sourcesOf("*/*.go") + sourcesOf("../../i18n/day.go")
	// A key is the whole argument, or its prefix if a + follows.
	for _, key := range regexp.MustCompile(`\b(?:T|l\.Text|Around)\("([a-z_.0-9]+)"([^)]?)`).FindAllStringSubmatch(source, -1) {
		if strings.HasSuffix(key[1], ".") {
			if _, known := families()[key[1]]; !known {
				t.Errorf("phrases that begin with %q are used, and nothing says which there are", key[1])
			}
			continue
		}
		if !i18n.Has(key[1]) {
			t.Errorf("there is no phrase %q", key[1])
		}
		used[key[1]] = true
	}
	for _, key := range regexp.MustCompile(`"((?:quick|status)\.[a-z_]+)"`).FindAllStringSubmatch(source, -1) {
		used[key[1]] = true
		if !i18n.Has(key[1]) {
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
		if !i18n.Has(key) {
			t.Errorf("a script says %q, which there is not", key)
		}
		used[key] = true
	}
	for _, key := range i18n.Keys() {
		name, script := strings.CutPrefix(key, "js.")
		switch {
		case used[key], script && (strings.Contains(said, "'"+name+"'") || strings.Contains(said, `"`+name+`"`)):
		default:
			t.Errorf("nothing says the phrase %q", key)
		}
	}
}

// TestProblemsInWords formats every kind of problem in every language.
func TestProblemsInWords(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.All() {
		v := someView(l)
		for _, code := range problem.Codes() {
			text := v.problemText(problem.New(code, ""))
			if text == "" || strings.HasPrefix(text, "problem.") || l == i18n.Korean && !regexp.MustCompile(`\p{Hangul}`).MatchString(text) {
				t.Errorf("%s in %s: %q", code, l, text)
			}
		}
		// A code without a phrase is formatted as for programs.
		p := problem.New(problem.NotFound, "The exact reason.")
		p.Code = "of_tomorrow"
		if got := v.problemText(p); !strings.Contains(got, "The exact reason.") {
			t.Errorf("an unknown code in %s: %q", l, got)
		}
	}
}

// TestReasonsInWords formats every possible error of every field in every
// language: each phrase contains both the reason and the name of the field.
func TestReasonsInWords(t *testing.T) {
	t.Parallel()
	fields := fieldNames()
	for _, l := range i18n.All() {
		v := someView(l)
		for _, field := range fields {
			for _, reason := range problem.Reasons() {
				args := []any{7, 9}
				if reason == problem.Reason(commands.ReasonTwice) || strings.HasPrefix(string(reason), "heir_") {
					args = []any{"key", "key", "other"}
				}
				if !i18n.Has("wrong."+string(reason)) && !i18n.Has("wrong."+field+"."+string(reason)) {
					t.Errorf("there is no phrase for the reason %q", reason)
				}
				text := v.problemText(problem.Fields(problem.Field{In: problem.InBody, Field: field, Message: "in English", Reason: reason, Args: args}))
				name, said, named := strings.Cut(strings.TrimPrefix(text, v.T("problem.invalid")+" "), ": ")
				if !named || name != v.T("field."+field) || said == "" || strings.Contains(text, "in English") || strings.Contains(text, "%!") {
					t.Errorf("%s of %s in %s: %q", reason, field, l, text)
				}
				if hangul := regexp.MustCompile(`\p{Hangul}`); l == i18n.Korean && (!hangul.MatchString(name) || !hangul.MatchString(said)) {
					t.Errorf("%s of %s is told in English: %q", reason, field, text)
				}
			}
		}
	}
	v := someView(i18n.Korean)
	for field, want := range map[string]string{"labels[3]": "라벨 4: ", "statuses[0].name": "상태 1: ", "retire.done": "제거할 상태: ", "seen.title": "제목: "} {
		if text := v.fieldProblem(problem.Field{Field: field, Reason: problem.Reason(commands.ReasonEmpty)}); !strings.HasPrefix(text, want) {
			t.Errorf("%s is %q", field, text)
		}
	}
}

// fieldNames are the fields in which commands, accounts, pages and the API
// report errors, collected from their sources.
var fieldNames = sync.OnceValue(func() []string {
	found := []string{"after", "before", "current_password", idempotency.Header}
	for pattern, names := range map[string]string{
		"../../commands/*.go": `(?:p\.(?:line|block|id|rank|priority|date|labels|accounts|role|statuses)|(?:p|wrong)\.add|rejectField\(\w+,)\(?\s?"([a-z_]+)"`,
		"../../accounts/*.go": `(?:const field = |Invalids\{\{(?:Field: )?)"([a-z_]+)"`,
		"../api/*.go":         `problem\.Wrong\(problem\.InBody, "([a-z_]+)"`,
		"*.go":                `problem\.Wrong\(problem\.InBody, "([a-z_]+)"`,
	} {
		some := regexp.MustCompile(names).FindAllStringSubmatch(sourcesOf(pattern), -1)
		if len(some) == 0 {
			panic("nothing in " + pattern + " says what may be wrong")
		}
		for _, one := range some {
			found = append(found, one[1])
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
})

// TestWordsForPrograms formats a problem in the requested language, and
// unchanged for clients that request none.
func TestWordsForPrograms(t *testing.T) {
	t.Parallel()
	p := problem.Wrong(problem.InBody, "title", problem.Reason(commands.ReasonLong), "must be at most %d characters long; it has %d", 200, 201)
	for accept, want := range map[string]string{
		"": p.Detail, "*": p.Detail, "fr": p.Detail, ";;": p.Detail,
		"ko-KR,ko;q=0.9": "제목: 200자까지", "en-GB": "Title: at most 200 characters, not 201",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Accept-Language", accept)
		if told := WordsFor(r)(p); !strings.Contains(told.Detail, want) || told.Errors[0].Message != p.Errors[0].Message || told.Code != p.Code {
			t.Errorf("%q is told %q", accept, told.Detail)
		}
	}
	if !strings.HasPrefix(p.Detail, "title must be") {
		t.Errorf("telling a problem has changed it: %q", p.Detail)
	}
}
