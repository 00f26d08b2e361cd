package projections

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// Texts are compared byte by byte in every table: case, accents and trailing
// spaces distinguish them, and they are sorted by all of their bytes.
func TestTextIsBytes(t *testing.T) {
	t.Parallel()
	same := strings.Repeat("same beginning ", 200)
	texts := []string{
		"home", "home ", "Home", "home\t", "höme", "ho\u0308me", "h\u00f6me ", "ﬁ", "fi", "ß", "ss", "ı", "i", "😀", "😁", "\u200b", "한국어", "'", `"`, `\`, `\'`, `\\`,
		"%", "_", "!", "-- ?", "/* ? */", "\x1a", "\n", same + "b", same + "a", same + "a ",
	}
	onEach(t, func(t *testing.T, d database) {
		s, _ := told(t, d, func(team *team) {
			team.founded(1000, 1)
			for n, text := range texts {
				e := created(1000, text)
				e.Rank, e.Labels = text, []string{text[:min(len(text), schema.MaxWord)]}
				if len(text) > schema.MaxWord {
					e.Labels = nil
				}
				team.task(n+1, 1000, 1, e)
			}
		})
		look(t, s, func(q *Snapshot) error {
			list := func(f TaskFilter, p Page) (found []string) {
				tasks, err := whole(func(p Page) ([]Task, string, error) { return q.Tasks(t.Context(), id(1), id(1000), f, p) }, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, task := range tasks {
					found = append(found, task.Title)
				}
				return found
			}
			if diff := cmp.Diff(texts, list(TaskFilter{}, Page{Limit: 7})); diff != "" {
				t.Errorf("-said +answered:\n%s", diff)
			}
			sorted := slices.Sorted(slices.Values(texts))
			if diff := cmp.Diff(sorted, list(TaskFilter{}, Page{Sort: "rank", Limit: 3})); diff != "" {
				t.Errorf("by rank, -want +have:\n%s", diff)
			}
			slices.Reverse(sorted)
			if diff := cmp.Diff(sorted, list(TaskFilter{}, Page{Sort: "-rank", Limit: 3})); diff != "" {
				t.Errorf("by rank, the last first, -want +have:\n%s", diff)
			}
			for _, text := range texts {
				if len(text) <= schema.MaxWord {
					if have := list(TaskFilter{Labels: []string{text}}, Page{Limit: 10}); !slices.Equal(have, []string{text}) {
						t.Errorf("label %q finds %q", text, have)
					}
				}
				for _, word := range strings.Fields(text) {
					for _, found := range list(TaskFilter{Text: word}, Page{Limit: 100}) {
						if !strings.Contains(strings.ToLower(found), strings.ToLower(word)) {
							t.Errorf("%q finds %q", word, found)
						}
					}
				}
			}
			return nil
		})
	})
}

// The largest values fit, also many at once, and are read back unchanged.
func TestLargeTexts(t *testing.T) {
	t.Parallel()
	large := map[string]string{
		"characters of four bytes": strings.Repeat("😀", 64<<10),
		"all to be escaped":        strings.Repeat(`'"\<`+"\n", 50<<10),
		"growing in lower case":    strings.Repeat("Ⱥ", 32<<10),
	}
	onEach(t, func(t *testing.T, d database) {
		s, l := told(t, d, func(team *team) {
			team.founded(1000, 1)
			n := 0
			for title, text := range large {
				n++
				e := created(1000, title)
				e.Description, e.Labels = text, []string{strings.Repeat("\x00", schema.MaxWord)}
				team.task(n, 1000, 1, e)
				team.task(n, 1000, 1, events.TaskEdited{Description: &events.Changed[string]{From: text, To: text + "."}})
				team.task(n, 1000, 1, events.CommentAdded{Comment: id(100 + n), Text: text})
			}
		})
		look(t, s, func(q *Snapshot) error {
			tasks, _, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{}, Page{})
			if len(tasks) != len(large) {
				t.Fatalf("%d tasks, %v", len(tasks), err)
			}
			for _, task := range tasks {
				if task.Description != large[task.Title]+"." || task.Labels[0] != strings.Repeat("\uFFFD", schema.MaxWord) {
					t.Errorf("%s: %d bytes of description, want %d, label %.20q", task.Title, len(task.Description), len(large[task.Title])+1, task.Labels[0])
				}
				comments, _, err := q.Comments(t.Context(), id(1), task.ID, Page{})
				if err != nil || len(comments) != 1 || comments[0].Text != large[task.Title] {
					t.Errorf("%s: %d comments, %v", task.Title, len(comments), err)
				}
			}
			return nil
		})
		sameRows(t, s, l)
	})
}
