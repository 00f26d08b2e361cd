package i18n

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParticle(t *testing.T) {
	t.Parallel()
	for both, words := range map[string]map[string]string{
		"을(를)": {
			"작업": "을", "보드": "를", "할 일": "을", "가": "를", "힣": "을",
			"“대기”": "를", "(보관)": "을", "가게 🛒": "를", "끝!": "을", "검토 중…": "을",
			"": "을(를)", " ": "을(를)", "🛒": "을(를)", "日本": "을(를)", "Ж": "을(를)", "café": "을(를)", "50%": "을(를)", "C++": "을(를)",
		},
		"이(가)": {"유나": "가", "준": "이", "Vera": "가", "Jun": "이"},
		"은(는)": {"유나": "는", "준": "은"},
		"과(와)": {"유나": "와", "준": "과"},
		"(으)로": {
			"대기": "로", "진행 중": "으로", "할 일": "로", "검토": "로", "완료": "로", "서울": "로",
			"0": "으로", "1": "로", "2": "로", "3": "으로", "4": "로", "5": "로", "6": "으로", "7": "로", "8": "로", "9": "로", "10": "으로", "5,000": "으로",
			"QA": "로", "URL": "로", "PM": "으로", "CEO": "로", "B": "로", "X": "로", "html": "로", "r": "로", "n": "으로", "v2": "로",
			"Done": "으로", "Waiting": "으로", "In progress": "로", "Review": "로", "Mail": "로", "File": "로", "Home": "으로", "Queue": "로", "the": "로", "Blue": "로",
			"Shop": "(으)로", "Set": "(으)로", "Backlog": "(으)로", "Type": "(으)로", "Range": "(으)로",
			"Release 3": "으로", "가게Done": "으로",
		},
		"도": {"유나": "도"},
	} {
		for word, want := range words {
			if got := Particle(word, both); got != want {
				t.Errorf("%q takes %s, want %s", word, got, want)
			}
		}
	}
}

// TestParticleOfAnything adds particles to arbitrary text: the result is one of
// the two forms, or both.
func TestParticleOfAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.String().Draw(t, "word")
		for both, forms := range particles {
			if got := Particle(word, both); got != both && got != forms[0] && got != forms[1] {
				t.Fatalf("%q takes %q", word, got)
			}
			// Characters that are not spoken do not change the result.
			if spoken := strings.TrimSpace(word); Particle(spoken, both) != Particle(`"`+spoken+`"`, both) {
				t.Fatalf("%q takes another particle in quotes", spoken)
			}
		}
	})
}
