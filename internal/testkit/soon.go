package testkit

import (
	"testing"
	"time"
)

// Soon is [Eventually] for a condition that has nothing to show but that it is
// not so yet. It asks five times a second, as suits other programs.
func Soon(t testing.TB, what string, is func() bool) {
	t.Helper()
	Eventually(t, what, func() (string, bool) {
		if is() {
			return "", true
		}
		time.Sleep(200 * time.Millisecond)
		return "not so yet", false
	})
}
