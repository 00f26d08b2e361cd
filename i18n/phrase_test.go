package i18n

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
)

var room = regexp.MustCompile(`%[a-z]|%\[\d+\][a-z]|\{\}`)

// takes returns the placeholders of a phrase. If they carry argument indexes, a
// language may use them in a different order.
func takes(text string) []string {
	found := room.FindAllString(text, -1)
	if strings.Contains(text, "%[") {
		slices.Sort(found)
	}
	return found
}

// TestPhrasesAreAlike compares the languages: each has the same phrases, and a
// phrase has the same placeholders in all of them.
func TestPhrasesAreAlike(t *testing.T) {
	t.Parallel()
	for _, l := range All() {
		speech := languages[l]
		for key, text := range speech.phrases {
			english, there := languages[English].phrases[key]
			if !there {
				t.Errorf("%s is in %s only", key, l)
				continue
			}
			all := strings.Split(english, "|")
			wanted := takes(all[len(all)-1])
			forms := strings.Split(text, "|")
			switch {
			case len(all) == 1 && len(forms) > 1:
				t.Errorf("%s counts in %s, and not in English", key, l)
			case len(all) > 1 && len(forms) != len(speech.forms):
				t.Errorf("%s counts, and has %d forms in %s, which has %d: %q", key, len(forms), l, len(speech.forms), text)
			}
			for i, form := range forms {
				if strings.TrimSpace(form) == "" || form != strings.TrimSpace(form) {
					t.Errorf("%s is %q in %s", key, form, l)
				}
				if strings.Contains(form, "%%") || strings.ContainsAny(form, "<>") {
					t.Errorf("%s is odd in %s: %q", key, l, form)
				}
				last := i == len(forms)-1
				if len(all) > 1 && last && !strings.Contains(form, "%d") && !strings.Contains(form, "{}") {
					t.Errorf("%s counts, and does not say how many in %s: %q", key, l, form)
				}
				// The singular form may write the number as a word; then it has
				// no placeholders.
				if got := takes(form); !slices.Equal(got, wanted) && (last || len(got) > 0) {
					t.Errorf("%s takes %q in English and %q in %s", key, wanted, got, l)
				}
			}
		}
		for _, key := range Keys() {
			if _, there := speech.phrases[key]; !there {
				t.Errorf("%s is not in %s", key, l)
			}
		}
	}
}

// TestPhrasesThatCount formats phrases in the singular and the plural.
func TestPhrasesThatCount(t *testing.T) {
	t.Parallel()
	for _, key := range Keys() {
		if !strings.Contains(languages[English].phrases[key], "|") {
			continue
		}
		for _, l := range All() {
			for _, n := range []int{0, 1, 2, 21} {
				got := l.Text(key, n)
				if strings.Contains(got, "%!") || strings.Contains(got, "|") {
					t.Errorf("%s of %d in %s: %q", key, n, l, got)
				}
			}
		}
	}
	for n, want := range map[int]string{0: "0 people", 1: "1 person", 2: "2 people", 21: "21 people"} {
		if got := English.Text("home.people", n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := Korean.Text("home.people", 1); got != "1명" {
		t.Errorf("one in Korean: %q", got)
	}
}

// TestLanguagesHaveTheirForms counts to 200 in every language: the plural forms
// of its phrases are those that its rules require.
func TestLanguagesHaveTheirForms(t *testing.T) {
	t.Parallel()
	for _, l := range All() {
		var asked []plural.Form
		for n := range 200 {
			if form := plural.Cardinal.MatchPlural(languages[l].tag, n, 0, 0, 0, 0); !slices.Contains(asked, form) {
				asked = append(asked, form)
			}
		}
		have := slices.Clone(languages[l].forms)
		slices.Sort(asked)
		slices.Sort(have)
		if !slices.Equal(asked, have) {
			t.Errorf("%s has the forms %v, and its rules ask for %v", l, have, asked)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language Language
		key      string
		args     []any
		want     string
	}{
		{English, "save", nil, "Save"}, {Korean, "save", nil, "저장"},
		{English, "no.such.phrase", []any{1}, "no.such.phrase"},
		{English, "home.welcome", []any{"Mina"}, "Hello, Mina"},
		{English, "quick.title", []any{1}, "Add one task"}, {English, "quick.title", []any{3}, "Add 3 tasks"}, {Korean, "quick.title", []any{1}, "작업 1개 추가"},
		{Korean, "wrong.long", []any{200, 201}, "200자까지 쓸 수 있습니다. 지금은 201자입니다"},
		{Korean, "settings.move_to", []any{"대기"}, "제거하고 작업을 대기로 옮기기"}, {Korean, "settings.move_to", []any{"진행 중"}, "제거하고 작업을 진행 중으로 옮기기"},
		{Korean, "settings.move_to", []any{"할 일"}, "제거하고 작업을 할 일로 옮기기"}, {Korean, "settings.move_to", []any{"%s을(를)"}, "제거하고 작업을 %s을(를)로 옮기기"},
	} {
		if got := c.language.Text(c.key, c.args...); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.key, c.language, got, c.want)
		}
	}
}

// TestParticlesInPhrases adds particles to placeholders of every kind.
func TestParticlesInPhrases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		args []any
		want string
	}{
		{"%s을(를)", []any{"책"}, "%s을"}, {"%s(으)로 %s이(가)", []any{"나무", "꽃"}, "%s로 %s이"},
		{"%[2]s과(와) %[1]s은(는)", []any{"나무", "꽃"}, "%[2]s과 %[1]s는"}, {"%[2]s %d은(는) %s", []any{"a", "b", 3, "c"}, "%[2]s %d은 %s"},
		{"%[1]q은(는)", []any{"나무"}, "%[1]q는"}, {"%s (%s)", []any{"a", "b"}, "%s (%s)"}, {"%s을(를)", nil, "%s을(를)"},
	} {
		if got := withParticles(c.text, c.args); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
	// A particle with two forms must follow a placeholder, or its form must be
	// known.
	behind := regexp.MustCompile(`%(\[\d+\])?[a-z]$`)
	for key, text := range languages[Korean].phrases {
		for both := range particles {
			for before, _, found := strings.Cut(text, both); found; before, _, found = strings.Cut(before, both) {
				if !behind.MatchString(before) {
					t.Errorf("%s has %s behind no placeholder: %q", key, both, text)
				}
			}
		}
	}
}

func TestAround(t *testing.T) {
	t.Parallel()
	for l, want := range map[Language][2]string{English: {`moved "`, `" to the trash`}, Korean: {`님이 "`, `" 작업을 휴지통에 넣었습니다`}} {
		if before, after := l.Around("activity.task_deleted"); before != want[0] || after != want[1] {
			t.Errorf("%s: %q, %q", l, before, after)
		}
	}
	for _, key := range Keys() {
		if strings.HasPrefix(key, "activity.") && !slices.Equal(takes(English.Text(key)), []string{"%s"}) {
			t.Errorf("%s does not name one task", key)
		}
	}
}

func TestStartingWith(t *testing.T) {
	t.Parallel()
	found := Korean.StartingWith("theme.")
	if len(found) != 3 || found["light"] != "밝게" || found[""] != "시스템 설정" {
		t.Errorf("%v", found)
	}
}
