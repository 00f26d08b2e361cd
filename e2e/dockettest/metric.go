package dockettest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Metric returns the value of a process's metric, or "" if it is missing.
func Metric(t testing.TB, d *Process, name string) string {
	t.Helper()
	answer, err := http.Get(d.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("metrics of %s: status %d, %v", d.URL, answer.StatusCode, err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
