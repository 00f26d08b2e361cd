package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/projections/schema"
)

const accountColumns = `select id, administrator, registered_at, erased_at from {g}accounts `

type accountScan struct {
	id                        uuid.UUID
	administrator, registered int64
	erased                    *int64
}

func (a *accountScan) dest() []any {
	return []any{&a.id, &a.administrator, &a.registered, &a.erased}
}

func (a *accountScan) account() AccountRow {
	return AccountRow{ID: a.id, Administrator: a.administrator != 0, Registered: schema.Time(a.registered), Erased: instant(a.erased)}
}

// People returns every account ever registered, in the order of registration.
// It is for administrators; the caller must check that.
func (s *Snapshot) People(ctx context.Context) ([]AccountRow, error) {
	var people []AccountRow
	err := s.each(ctx, func(scan func(...any) error) error {
		var a accountScan
		err := scan(a.dest()...)
		people = append(people, a.account())
		return err
	}, accountColumns+`order by registered_at, id`)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return people, nil
}

// Anybody reports whether an account was ever registered.
func (s *Snapshot) Anybody(ctx context.Context) (bool, error) {
	var id uuid.UUID
	err := s.one(ctx, []any{&id}, `select id from {g}accounts limit 1`)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("any account: %w", err)
	}
	return true, nil
}

// Person returns one account, or fails with [ErrNotFound].
func (s *Snapshot) Person(ctx context.Context, id uuid.UUID) (AccountRow, error) {
	var a accountScan
	if err := s.one(ctx, a.dest(), accountColumns+`where id = ?`, id); err != nil {
		return AccountRow{}, fmt.Errorf("account %s: %w", id, err)
	}
	return a.account(), nil
}

func instant(t *int64) *time.Time {
	if t == nil {
		return nil
	}
	at := schema.Time(*t)
	return &at
}
