package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Time converts a column in microseconds to a time in UTC.
func Time(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// Plain returns s without what Postgres cannot store as text: NUL, and invalid
// UTF-8. The result may be three times as long.
func Plain(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Encode returns v as a JSON column. It panics if v cannot be encoded, which no
// row contains.
func Encode[T any](v T) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// EncodeList is [Encode] for lists, [] for an empty one.
func EncodeList[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	return Encode(list)
}

// Decode reads JSON columns, given as pairs of a text and its destination. An
// empty list leaves the destination unchanged.
func Decode(pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		text := pairs[i].(string)
		if text == "[]" {
			continue
		}
		if err := json.Unmarshal([]byte(text), pairs[i+1]); err != nil {
			return fmt.Errorf("decode column %.80q: %w", text, err)
		}
	}
	return nil
}
