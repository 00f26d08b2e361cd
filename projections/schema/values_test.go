package schema_test

import (
	"testing"

	"github.com/docketlog/docket/projections/schema"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"": "", "höme 😀": "höme 😀", "nul\x00": "nul\uFFFD", "\xffa\xfe\xfd": "\uFFFDa\uFFFD",
	} {
		if have := schema.Plain(said); have != want {
			t.Errorf("%q is %q, want %q", said, have, want)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	list, more := []string{"as it was"}, map[string]string(nil)
	if err := schema.Decode(schema.EncodeList([]string(nil)), &list, schema.Encode(map[string]string{"a": "<b>"}), &more); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || more["a"] != "<b>" {
		t.Errorf("%v, %v", list, more)
	}
	if err := schema.Decode("{", &more); err == nil {
		t.Error("what is no JSON was read")
	}
}
