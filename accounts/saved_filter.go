package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// SavedFilter is a filter of tasks that a person has given a name. It is the
// person's own: nobody else sees it, and it is erased with the account.
type SavedFilter struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
	// Project is the project whose tasks it is for, zero for those of all.
	Project uuid.UUID `json:"project"`
	// Query is what whoever shows the tasks makes of it; it is kept as it is.
	Query string `json:"query"`
}

// MaxFilters is how many filters an account may have saved.
const MaxFilters = 50

// filterRecord is the value in docket_filters: all of an account's, so that
// name and number hold whoever else is saving.
type filterRecord struct {
	Filters []SavedFilter `json:"filters"`
}

// SaveFilter keeps a filter for the account and gives it with its id. One of the
// same name for the same project is replaced and keeps its id; the id that is
// given is not looked at. Errors: [Invalids], among them that there are
// [MaxFilters] already; [ErrNotFound] for an account that is erased or never
// was; [ErrUnavailable].
func (a *Accounts) SaveFilter(ctx context.Context, account uuid.UUID, f SavedFilter) (SavedFilter, error) {
	var invalids Invalids
	f.Name = invalids.filterName(f.Name)
	invalids.filterQuery(f.Query)
	if err := invalids.err(); err != nil {
		return SavedFilter{}, err
	}
	if err := a.present(ctx, account); err != nil {
		return SavedFilter{}, err
	}
	if err := a.changeFilters(ctx, account, func(all []SavedFilter) ([]SavedFilter, error) {
		i := slices.IndexFunc(all, func(s SavedFilter) bool { return s.Name == f.Name && s.Project == f.Project })
		if i >= 0 {
			f.ID = all[i].ID
			all[i] = f
			return all, nil
		}
		if len(all) >= MaxFilters {
			return nil, Invalids{{"name", CodeLimit, fmt.Sprintf("delete a saved filter first: there are %d, which is as many as are kept", MaxFilters), []any{MaxFilters}}}
		}
		f.ID = uuid.New()
		return append(all, f), nil
	}); err != nil {
		return SavedFilter{}, fmt.Errorf("save filter of account %s: %w", account, err)
	}
	// An erasure that began meanwhile may have come too early to see it.
	if err := a.present(ctx, account); err != nil {
		if errors.Is(err, ErrNotFound) {
			err = errors.Join(err, a.eraseFilters(ctx, account))
		}
		return SavedFilter{}, err
	}
	return f, nil
}

// Filters lists what the account has saved, in the order of the names, upper
// and lower case alike. For an account that has nothing saved, or is none, it is
// empty. Errors: [ErrUnavailable].
func (a *Accounts) Filters(ctx context.Context, account uuid.UUID) ([]SavedFilter, error) {
	record, _, err := get[filterRecord](ctx, a.filters, account.String())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("filters of account %s: %w", account, err)
	}
	slices.SortFunc(record.Filters, func(x, y SavedFilter) int {
		return cmp.Or(
			strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)),
			strings.Compare(x.Name, y.Name), strings.Compare(x.Project.String(), y.Project.String()))
	})
	return record.Filters, nil
}

// DeleteFilter removes a filter and overwrites it. It fails with [ErrNotFound] if
// the account has none with the id.
func (a *Accounts) DeleteFilter(ctx context.Context, account, id uuid.UUID) error {
	if err := a.changeFilters(ctx, account, func(all []SavedFilter) ([]SavedFilter, error) {
		i := slices.IndexFunc(all, func(s SavedFilter) bool { return s.ID == id })
		if i < 0 {
			return nil, ErrNotFound
		}
		return slices.Delete(all, i, i+1), nil
	}); err != nil {
		return fmt.Errorf("delete filter %s of account %s: %w", id, account, err)
	}
	return nil
}

// changeFilters replaces an account's filters by what change makes of them. It
// may call change several times, each time with what is there by then.
func (a *Accounts) changeFilters(ctx context.Context, account uuid.UUID, change func([]SavedFilter) ([]SavedFilter, error)) error {
	key := account.String()
	return retryMoved(func() error {
		record, revision, err := get[filterRecord](ctx, a.filters, key)
		missing := errors.Is(err, ErrNotFound)
		if err != nil && !missing {
			return err
		}
		before := slices.Clone(record.Filters)
		if record.Filters, err = change(record.Filters); err != nil {
			return err
		}
		switch {
		case slices.Equal(before, record.Filters):
			return nil
		case missing:
			_, err = a.filters.create(ctx, key, record)
		default:
			_, err = a.filters.replace(ctx, key, record, revision)
		}
		return err
	})
}

// eraseFilters removes all filters of the account and overwrites them, those
// included that a crash left behind after they were replaced or removed.
func (a *Accounts) eraseFilters(ctx context.Context, account uuid.UUID) error {
	key := account.String()
	return retryMoved(func() error {
		_, revision, err := get[filterRecord](ctx, a.filters, key)
		if errors.Is(err, ErrNotFound) {
			if err := a.filters.forget(ctx, key); !errors.Is(err, ErrNotFound) {
				return err
			}
			return nil
		}
		if err != nil {
			return err
		}
		return a.filters.remove(ctx, key, revision)
	})
}
