package i18n

import "testing"

func TestMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		language Language
		sure     bool
	}{
		"": {English, false}, ";;": {English, false}, "*": {English, false}, "fr": {English, false},
		"ko": {Korean, true}, "ko-KR,ko;q=0.9": {Korean, true}, "en-GB": {English, true},
		"fr,ko;q=0.5": {Korean, true}, "en;q=0.1,ko;q=0.9": {Korean, true}, "ko;q=0.1,en;q=0.9": {English, true},
	} {
		if l, sure := Match(header); l != want.language || sure != want.sure {
			t.Errorf("%q: %s, %v", header, l, sure)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, l := range All() {
		if got, ok := Parse(l.String()); got != l || !ok || l.Name() == "" {
			t.Errorf("%s is read as %s, %v", l, got, ok)
		}
	}
	for _, tag := range []string{"", "fr", "KO", "en-GB"} {
		if got, ok := Parse(tag); ok || got != English {
			t.Errorf("%q is read as %s", tag, got)
		}
	}
}

func TestKeyTwice(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a phrase may be there twice")
		}
	}()
	merged(map[string]string{"save": "Save"}, map[string]string{"save": "Keep"})
}
