package fold

import "testing"

func TestNewer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"fence 1, tasks 1", "fence 1, tasks 1", false},
		{"fence 1, tasks 2", "fence 1, tasks 1", true},
		{"fence 1, tasks 1", "fence 1, tasks 2", false},
		{"fence 1, tasks 1, more 1", "fence 1, tasks 1", true},
		{"fence 1, tasks 1", "fence 1, tasks 1, more 1", false},
		{"fence 2, tasks 1", "fence 1, tasks 2", false},
	} {
		if have := Newer(c.a, c.b); have != c.want {
			t.Errorf("Newer(%q, %q) = %v", c.a, c.b, have)
		}
	}
}
