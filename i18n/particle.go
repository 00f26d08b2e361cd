package i18n

import (
	"strings"
	"unicode"
)

// particles are the Korean particles with two forms, by the notation for both:
// first the form after a final consonant, then the form after a vowel.
var particles = map[string][2]string{
	"을(를)": {"을", "를"},
	"이(가)": {"이", "가"},
	"은(는)": {"은", "는"},
	"과(와)": {"과", "와"},
	"(으)로": {"으로", "로"},
}

// final is the sound at the end of a word.
type final int

const (
	finalUnknown final = iota
	finalVowel
	finalConsonant
	finalRieul // ㄹ, after which (으)로 is 로
)

// Particle returns the form of a Korean particle that matches the word before
// it. both is the particle with its two forms: 을(를), 이(가), 은(는), 과(와) or (으)로.
// Particle returns both unchanged if the pronunciation of the word is
// uncertain: if it ends in another script, or in Latin letters that Korean
// pronounces sometimes with a final vowel and sometimes without (Shop is 숍, Set
// is 세트).
func Particle(word, both string) string {
	forms, ok := particles[both]
	if !ok {
		return both
	}
	switch finalOf(word) {
	case finalVowel:
		return forms[1]
	case finalConsonant:
		return forms[0]
	case finalRieul:
		if both == "(으)로" {
			return forms[1]
		}
		return forms[0]
	}
	return both
}

// finalOf returns the final sound of a word as spoken in Korean. Trailing
// quotes, brackets and symbols are not spoken.
func finalOf(word string) final {
	word = strings.TrimRightFunc(word, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Pe, unicode.Pf, unicode.So, unicode.Mn, unicode.Cf) || strings.ContainsRune(`"'.,:;!?…`, r)
	})
	runes := []rune(word)
	if len(runes) == 0 {
		return finalUnknown
	}
	switch last := runes[len(runes)-1]; {
	case last >= '가' && last <= '힣':
		// Syllables are ordered by their 28 finals: 0 is none, 8 is ㄹ.
		switch (last - '가') % 28 {
		case 0:
			return finalVowel
		case 8:
			return finalRieul
		}
		return finalConsonant
	case last >= '0' && last <= '9':
		return digitFinals[last-'0']
	case last <= unicode.MaxASCII && unicode.IsLetter(last):
		return latinFinal(word)
	}
	return finalUnknown
}

// digitFinals are the final sounds of 영, 일, 이, 삼, 사, 오, 육, 칠, 팔 and 구. A number
// that ends in 0 ends in 십, 백, 천 or 만, which have a final consonant like 영.
var digitFinals = [10]final{
	finalConsonant, finalRieul, finalVowel, finalConsonant, finalVowel, finalVowel, finalConsonant, finalRieul, finalRieul, finalVowel,
}

// latinFinal returns the final sound of the Latin letters at the end of a word.
// Capitals, and letters without a vowel, are spelled out: QA is 큐에이. Others are
// pronounced as a word.
func latinFinal(word string) final {
	start := len(word)
	for start > 0 && word[start-1] <= unicode.MaxASCII && unicode.IsLetter(rune(word[start-1])) {
		start--
	}
	word = word[start:]
	lower := strings.ToLower(word)
	if word == strings.ToUpper(word) || !strings.ContainsAny(lower, "aeiouy") {
		switch lower[len(lower)-1] {
		case 'l', 'r': // 엘, 알
			return finalRieul
		case 'm', 'n': // 엠, 엔
			return finalConsonant
		}
		return finalVowel
	}
	if len(lower) > 2 {
		lower = strings.TrimSuffix(lower, "e") // usually silent: done is 던, file is 파일
	}
	silent := len(lower) < len(word)
	switch last := lower[len(lower)-1]; {
	case last == 'l':
		return finalRieul
	case last == 'm', last == 'n', strings.HasSuffix(lower, "ng") && !silent:
		return finalConsonant
	case strings.IndexByte("bcdgkpqt", last) >= 0:
		return finalUnknown
	}
	return finalVowel
}
