package housetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// mayImport lists the rooms and the rooms that each may import. Data flows
// gateway → commands → events → projections → query, and imports run only in
// the opposite direction. docs/architecture.md shows the same table.
var mayImport = map[string][]string{
	"metrics":     {},
	"traces":      {},
	"i18n":        {},
	"operations":  {},
	"broker":      {"metrics"},
	"events":      {"broker", "metrics"},
	"commands":    {"events", "traces", "metrics"},
	"accounts":    {"events", "broker", "metrics"},
	"projections": {"events", "traces", "metrics"},
	"notifier":    {"events", "broker", "traces", "metrics", "i18n"},
	"audit":       {"events", "projections"},
	"backup":      {"events", "broker"},
	"gateway":     {"events", "broker", "commands", "accounts", "projections", "traces", "operations", "i18n"},
	"config":      {"broker", "notifier", "projections", "traces"},
	"app": {
		"config", "operations", "metrics", "traces", "broker", "events", "commands", "accounts", "projections", "notifier", "audit", "backup", "gateway",
	},
	rootRoom: {"app"},
	// These contain only tests and packages for tests.
	"internal": {},
	"e2e":      {},
	"deploy":   {},
	"docs":     {},
}

// rootRoom is the room of files outside any folder: main.go.
const rootRoom = "."

// TestRoomsImportAgainstTheArrow checks every import in the repository. Tests
// may also import the broker, because they run against the real server.
func TestRoomsImportAgainstTheArrow(t *testing.T) {
	t.Parallel()
	tree, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range againstTheArrow(tree) {
		t.Error(wrong)
	}
	seen := map[string]bool{}
	for _, s := range tree {
		seen[roomOf(s.path)] = true
	}
	for room := range mayImport {
		if !seen[room] {
			t.Errorf("the table names room %q, and there is none", room)
		}
	}
}

// againstTheArrow returns forbidden imports, and files of rooms missing from
// the table.
func againstTheArrow(tree []source) (wrong []string) {
	for _, s := range tree {
		room := roomOf(s.path)
		allowed, known := mayImport[room]
		if !known {
			wrong = append(wrong, fmt.Sprintf("%s: room %q is not in the table", s.path, room))
			continue
		}
		if s.test() {
			continue
		}
		for _, imported := range s.imports() {
			if target := roomOf(imported + "/"); target != room && !slices.Contains(allowed, target) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which room %q may not", s.path, imported, room))
			}
		}
	}
	return wrong
}

// roomOf returns the room of a path.
func roomOf(path string) string {
	room, _, below := strings.Cut(path, "/")
	if !below {
		return rootRoom
	}
	return room
}
