package projections

import "fmt"

// set is the part of one table that an applier has in memory: rows that were
// loaded, rows that are known not to exist, and what changed since the last
// transaction. A row is replaced, never altered in place.
type set[K comparable, R any] struct {
	of *table
	// key and values append a row's key columns, and all its columns.
	key    func(k K, to []any) []any
	values func(k K, r *R, to []any) []any
	// scan reads a row; nil for a table whose rows are put and deleted without
	// being looked at.
	scan func(scan func(dest ...any) error) (K, R, error)

	entries map[K]entry[R]
	wanted  []K
	dirty   []K
	before  []undo[K, R]
	// complete says that what is not in entries does not exist.
	complete bool
}

// entry is a row, or nil for one that does not exist.
type entry[R any] struct {
	row   *R
	dirty bool
}

// undo is what a put replaced.
type undo[K comparable, R any] struct {
	key   K
	entry entry[R]
}

// want asks that the row be known before the next fold.
func (s *set[K, R]) want(k K) {
	if _, known := s.entries[k]; known {
		return
	}
	s.entries[k] = entry[R]{}
	if !s.complete {
		s.wanted = append(s.wanted, k)
	}
}

// get is the row, or nil if there is none. The key must have been wanted.
func (s *set[K, R]) get(k K) *R {
	e, known := s.entries[k]
	if !known {
		panic(fmt.Sprintf("row %v of %s was not loaded", k, s.of.name))
	}
	return e.row
}

// put makes r the row.
func (s *set[K, R]) put(k K, r R) { s.set(k, &r) }

// remove makes the row not exist.
func (s *set[K, R]) remove(k K) { s.set(k, nil) }

func (s *set[K, R]) set(k K, r *R) {
	old := s.entries[k]
	s.before = append(s.before, undo[K, R]{k, old})
	if !old.dirty {
		s.dirty = append(s.dirty, k)
	}
	s.entries[k] = entry[R]{r, true}
}

// keep makes what was put since the last keep or revert irrevocable within
// this transaction; revert takes it back.
func (s *set[K, R]) keep() { s.before = s.before[:0] }

func (s *set[K, R]) revert() {
	for i := len(s.before) - 1; i >= 0; i-- {
		s.entries[s.before[i].key] = s.before[i].entry
	}
	s.before = s.before[:0]
}

// load is the request for the rows that are wanted and not known, if any.
func (s *set[K, R]) load() (load, bool) {
	if len(s.wanted) == 0 {
		return load{}, false
	}
	keys := make([]any, 0, len(s.wanted)*s.of.key)
	for _, k := range s.wanted {
		keys = s.key(k, keys)
	}
	s.wanted = s.wanted[:0]
	return load{s.of, keys, func(scan func(...any) error) error {
		k, r, err := s.scan(scan)
		if err == nil {
			s.entries[k] = entry[R]{row: &r}
		}
		return err
	}}, true
}

// change is what differs from the database, if anything. It is asked once per
// transaction.
func (s *set[K, R]) change() (change, bool) {
	if len(s.dirty) == 0 {
		return change{}, false
	}
	c := change{table: s.of, rows: make([]any, 0, len(s.dirty)*len(s.of.columns))}
	for _, k := range s.dirty {
		e := s.entries[k]
		switch {
		case !e.dirty: // reverted, or put again after that and taken already
			continue
		case e.row != nil:
			c.rows = s.values(k, e.row, c.rows)
		default:
			c.deleted = s.key(k, c.deleted)
		}
		e.dirty = false
		s.entries[k] = e
	}
	s.dirty = s.dirty[:0]
	return c, len(c.rows)+len(c.deleted) > 0
}

// settle follows a commit: rows that are never read again are let go.
func (s *set[K, R]) settle() {
	if s.scan == nil {
		clear(s.entries)
	}
}

// reset forgets everything. complete says that the table is empty.
func (s *set[K, R]) reset(complete bool) {
	s.entries = make(map[K]entry[R])
	s.wanted, s.dirty, s.before = nil, nil, nil
	s.complete = complete
}

func (s *set[K, R]) size() int { return len(s.entries) }

func (s *set[K, R]) table() *table { return s.of }

// tableSet is a set whatever its rows are.
type tableSet interface {
	table() *table
	load() (load, bool)
	change() (change, bool)
	keep()
	revert()
	settle()
	reset(complete bool)
	size() int
}
