package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Time is a column of microseconds as a time, in UTC.
func Time(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// Plain is s without what Postgres cannot store as text: NUL, and what is not
// UTF-8. It may be three times as long.
func Plain(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Encode is v as a JSON column. It panics on what cannot be JSON, which no row
// holds.
func Encode[T any](v T) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// EncodeList is [Encode] for lists, [] for none.
func EncodeList[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	return Encode(list)
}

// Decode reads JSON columns: pairs of a text and what to read it into. An empty
// list leaves that as it is.
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
