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

// SavedFilter is a named filter of tasks. It is private to the person and erased
// with the account.
type SavedFilter struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
	// Project is the project whose tasks it filters, zero for all projects.
	Project uuid.UUID `json:"project"`
	// Query is stored unchanged and interpreted by the caller.
	Query string `json:"query"`
}

// MaxFilters is the largest number of saved filters of an account.
const MaxFilters = 50

// filterRecord is the value in docket_filters: all filters of an account, so that
// concurrent changes cannot break the unique names and the limit.
type filterRecord struct {
	Filters []SavedFilter `json:"filters"`
}

// SaveFilter saves a filter for the account and returns it with its id. A filter
// with the same name for the same project is replaced and keeps its id. The id in
// f is ignored. Errors: [Invalids], including one for more than [MaxFilters]
// filters; [ErrNotFound] for an account that was erased or never existed;
// [ErrUnavailable].
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
			return nil, Invalids{{"name", CodeLimit, fmt.Sprintf("exceeds the limit of %d saved filters; delete one first", MaxFilters), []any{MaxFilters}}}
		}
		f.ID = uuid.New()
		return append(all, f), nil
	}); err != nil {
		return SavedFilter{}, fmt.Errorf("save filter of account %s: %w", account, err)
	}
	// A concurrent erasure may not have seen the new filter.
	if err := a.present(ctx, account); err != nil {
		if errors.Is(err, ErrNotFound) {
			err = errors.Join(err, a.eraseFilters(ctx, account))
		}
		return SavedFilter{}, err
	}
	return f, nil
}

// Filters lists the account's saved filters, sorted by name without regard to
// case. It is empty for an account without saved filters and for an unknown
// account. Errors: [ErrUnavailable].
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

// DeleteFilter deletes a filter and overwrites it. It fails with [ErrNotFound] if
// the account has no filter with the id.
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

// changeFilters replaces an account's filters by the result of change. It may
// call change several times, each time with the current filters.
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

// eraseFilters removes all filters of the account and overwrites them, including
// those that a crash left after they were replaced or removed.
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
