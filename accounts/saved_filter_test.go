package accounts

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// filter saves a filter.
func filter(t testing.TB, a *Accounts, account uuid.UUID, f SavedFilter) SavedFilter {
	t.Helper()
	saved, err := a.SaveFilter(within(t), account, f)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// filters lists an account's saved filters as name=query.
func filters(t testing.TB, a *Accounts, account uuid.UUID) string {
	t.Helper()
	all, err := a.Filters(within(t), account)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range all {
		texts = append(texts, f.Name+"="+f.Query)
	}
	return strings.Join(texts, " ")
}

func TestSaveAndDeleteFilters(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, other := h.open(t), h.open(t)
	p, q := register(t, a, ada), register(t, a, bob)
	if got := filters(t, a, p.ID); got != "" {
		t.Errorf("filters of a new account: %s, want none", got)
	}
	project := uuid.New()
	mine := filter(t, a, p.ID, SavedFilter{ID: q.ID, Name: " Mine ", Query: "assignee=me&open=true"})
	if mine.ID == uuid.Nil || mine.ID == q.ID || mine.Name != "Mine" {
		t.Errorf("saved as %+v", mine)
	}
	filter(t, a, p.ID, SavedFilter{Name: "late", Query: "due_to=<today>"})
	there := filter(t, a, p.ID, SavedFilter{Name: "Mine", Project: project, Query: "x"})
	filter(t, a, q.ID, SavedFilter{Name: "Mine", Query: "hers"})
	if there.ID == mine.ID {
		t.Error("filters with the same name for different projects have the same id")
	}
	replaced := filter(t, other, p.ID, SavedFilter{Name: "Mine", Query: "y"})
	if replaced.ID != mine.ID {
		t.Errorf("replaced filter has id %s, want %s", replaced.ID, mine.ID)
	}
	all, err := other.Filters(within(t), p.ID)
	if err != nil || len(all) != 3 || all[0].Name != "late" || all[0].Query != "due_to=<today>" {
		t.Fatalf("%+v, %v", all, err)
	}
	if diff := cmp.Diff([]SavedFilter{replaced, there}, all[1:]); diff != "" {
		t.Errorf("-want +have:\n%s", diff)
	}
	// Somebody else's is not there.
	if err := a.DeleteFilter(within(t), q.ID, mine.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleting another's: %v", err)
	}
	if err := a.DeleteFilter(within(t), p.ID, mine.ID); err != nil {
		t.Fatal(err)
	}
	if err := other.DeleteFilter(within(t), p.ID, mine.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleting again: %v", err)
	}
	if got := filters(t, a, p.ID) + filters(t, a, q.ID); got != "late=due_to=<today> Mine=xMine=hers" {
		t.Errorf("remaining filters: %s", got)
	}
	// Replaced and deleted filters are overwritten in the store.
	if found := readable(t, allStreams(a), "assignee=me", mine.ID.String()); found != "" {
		t.Errorf("still readable: %s", found)
	}
}

func TestSavedFilterLimits(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p := register(t, a, ada)
	for name, c := range map[string]struct {
		f    SavedFilter
		want string
	}{
		"no name":       {SavedFilter{Name: " "}, "name:required "},
		"a long name":   {SavedFilter{Name: strings.Repeat("é", MaxFilterName+1)}, "name:too_long "},
		"two-line name": {SavedFilter{Name: "a\nb"}, "name:format "},
		"a long query":  {SavedFilter{Name: "n", Query: strings.Repeat("é", MaxFilterQuery+1)}, "query:too_long "},
		"control chars": {SavedFilter{Name: "n", Query: "a\x00"}, "query:format "},
		"both fields":   {SavedFilter{Query: "\n"}, "name:required query:format "},
	} {
		if _, err := a.SaveFilter(within(t), p.ID, c.f); invalid(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := a.SaveFilter(within(t), uuid.New(), SavedFilter{Name: "n"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
	// Concurrently save the largest number of filters of the largest size.
	var saving sync.WaitGroup
	for i := range MaxFilters {
		saving.Go(func() {
			name := strings.Repeat("<", MaxFilterName-2) + fmt.Sprintf("%02d", i)
			if _, err := a.SaveFilter(within(t), p.ID, SavedFilter{Name: name, Project: uuid.New(), Query: strings.Repeat("&", MaxFilterQuery)}); err != nil {
				t.Errorf("filter %d: %v", i, err)
			}
		})
		if i%5 == 4 {
			saving.Wait()
		}
	}
	saving.Wait()
	if _, err := a.SaveFilter(within(t), p.ID, SavedFilter{Name: "one more"}); invalid(err) != "name:limit " {
		t.Errorf("one more: %v", err)
	}
	all, err := a.Filters(within(t), p.ID)
	if err != nil || len(all) != MaxFilters {
		t.Fatalf("%d filters, %v", len(all), err)
	}
	last := all[len(all)-1]
	last.Query = "changed"
	if again, err := a.SaveFilter(within(t), p.ID, last); err != nil || again != last {
		t.Errorf("one that is there is not replaced: %+v, %v", again, err)
	}
}
