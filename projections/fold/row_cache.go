package fold

import (
	"fmt"

	"github.com/docketlog/docket/projections/schema"
)

// rowCache is the part of one table that an applier has in memory: rows that
// were loaded, rows that are known not to exist, and what changed since the
// last transaction. A row is replaced, never modified in place.
type rowCache[K comparable, R any] struct {
	of *schema.Table
	// key appends a row's key columns; values appends all its columns.
	key    func(k K, to []any) []any
	values func(k K, r *R, to []any) []any
	// scan reads a row; nil for a table whose rows are put and deleted without
	// being read.
	scan func(scan func(dest ...any) error) (K, R, error)

	entries map[K]entry[R]
	wanted  []K
	dirty   []K
	before  []undo[K, R]
	// complete means that rows missing from entries do not exist.
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

// want requests that the row is known before the next fold.
func (c *rowCache[K, R]) want(k K) {
	if _, known := c.entries[k]; known {
		return
	}
	c.entries[k] = entry[R]{}
	if !c.complete {
		c.wanted = append(c.wanted, k)
	}
}

// get returns the row, or nil if it does not exist. The key must have been
// wanted.
func (c *rowCache[K, R]) get(k K) *R {
	e, known := c.entries[k]
	if !known {
		panic(fmt.Sprintf("row %v of %s was not loaded", k, c.of.Name))
	}
	return e.row
}

// put sets the row to r.
func (c *rowCache[K, R]) put(k K, r R) { c.set(k, &r) }

// remove deletes the row.
func (c *rowCache[K, R]) remove(k K) { c.set(k, nil) }

func (c *rowCache[K, R]) set(k K, r *R) {
	old := c.entries[k]
	c.before = append(c.before, undo[K, R]{k, old})
	if !old.dirty {
		c.dirty = append(c.dirty, k)
	}
	c.entries[k] = entry[R]{r, true}
}

// keep makes what was put since the last keep or revert permanent within this
// transaction; revert undoes it.
func (c *rowCache[K, R]) keep() { c.before = c.before[:0] }

func (c *rowCache[K, R]) revert() {
	for i := len(c.before) - 1; i >= 0; i-- {
		c.entries[c.before[i].key] = c.before[i].entry
	}
	c.before = c.before[:0]
}

// load returns the request for rows that are wanted and not known, if any.
func (c *rowCache[K, R]) load() (schema.Load, bool) {
	if len(c.wanted) == 0 {
		return schema.Load{}, false
	}
	keys := make([]any, 0, len(c.wanted)*c.of.Key)
	for _, k := range c.wanted {
		keys = c.key(k, keys)
	}
	c.wanted = c.wanted[:0]
	return schema.Load{Table: c.of, Keys: keys, Take: func(scan func(...any) error) error {
		k, r, err := c.scan(scan)
		if err == nil {
			c.entries[k] = entry[R]{row: &r}
		}
		return err
	}}, true
}

// change returns what differs from the database, if anything. It is called once
// per transaction.
func (c *rowCache[K, R]) change() (schema.Change, bool) {
	if len(c.dirty) == 0 {
		return schema.Change{}, false
	}
	changed := schema.Change{Table: c.of, Rows: make([]any, 0, len(c.dirty)*len(c.of.Columns))}
	for _, k := range c.dirty {
		e := c.entries[k]
		switch {
		case !e.dirty: // reverted, or already taken because it was put again after that
			continue
		case e.row != nil:
			changed.Rows = c.values(k, e.row, changed.Rows)
		default:
			changed.Deleted = c.key(k, changed.Deleted)
		}
		e.dirty = false
		c.entries[k] = e
	}
	c.dirty = c.dirty[:0]
	return changed, len(changed.Rows)+len(changed.Deleted) > 0
}

// settle is called after a commit: it drops rows that are never read again.
func (c *rowCache[K, R]) settle() {
	if c.scan == nil {
		clear(c.entries)
	}
}

// reset forgets everything. complete means that the table is empty.
func (c *rowCache[K, R]) reset(complete bool) {
	c.entries = make(map[K]entry[R])
	c.wanted, c.dirty, c.before = nil, nil, nil
	c.complete = complete
}

func (c *rowCache[K, R]) size() int { return len(c.entries) }

func (c *rowCache[K, R]) table() *schema.Table { return c.of }

// anyCache is a rowCache for any table.
type anyCache interface {
	table() *schema.Table
	load() (schema.Load, bool)
	change() (schema.Change, bool)
	keep()
	revert()
	settle()
	reset(complete bool)
	size() int
}
