package projections

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/schema"
)

// order is one way to sort a list: by an expression, then by id. The values of
// expr and reverse must be as the database compares them: numbers, or text by
// its bytes.
type order struct {
	expr string
	// reverse is the expression for descending order, if it is another.
	reverse string
	number  bool
}

// list is a kind of list that is read page by page. Pages continue after the
// last item of the page before, wherever that is by then: what is inserted
// meanwhile neither repeats nor hides an item.
type list struct {
	name   string
	id     string // the expression of the items' id
	orders map[string]order
	first  string // the order if none is asked for
}

// section is the part of a list that a page asks for.
type section struct {
	list       *list
	sort       string
	expr       string
	number     bool
	descending bool
	limit      int
	after      *cursor
}

// cursor is where a page ended: the order, and the sort key and id of its last
// item, and its group if the list has groups.
type cursor struct {
	Sort string    `json:"s"`
	Key  string    `json:"k"`
	ID   uuid.UUID `json:"i"`
	// Group is the item's, in a list with groups.
	Group string `json:"g,omitempty"`
}

// maxCursor bounds a cursor that is looked at, in bytes: no key in it is longer
// than what a database goes by when it sorts.
const maxCursor = dialect.SortLength

func (l *list) section(p Page) (section, error) { return l.sectionIn(p, "") }

// sectionIn is section in a list with groups, unless grouping is empty.
func (l *list) sectionIn(p Page, grouping string) (section, error) {
	sort := p.Sort
	if sort == "" {
		sort = l.first
	}
	name, descending := strings.CutPrefix(sort, "-")
	by, ok := l.orders[name]
	if !ok {
		return section{}, fmt.Errorf("%w: %.40q", ErrSort, p.Sort)
	}
	if grouping != "" {
		sort += ":" + grouping
	}
	s := section{list: l, sort: l.name + ":" + sort, expr: by.expr, number: by.number, descending: descending, limit: p.Limit}
	if descending && by.reverse != "" {
		s.expr = by.reverse
	}
	if s.limit <= 0 {
		s.limit = DefaultLimit
	}
	s.limit = min(s.limit, MaxLimit)
	if p.Cursor != "" {
		var err error
		if s.after, err = s.parse(p.Cursor); err != nil {
			return section{}, err
		}
	}
	return s, nil
}

func (s *section) parse(text string) (*cursor, error) {
	if len(text) > maxCursor {
		return nil, ErrCursor
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	var c cursor
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	if c.Sort != s.sort || strings.IndexByte(c.Key, 0) >= 0 {
		return nil, ErrCursor
	}
	if s.number {
		if _, err := strconv.ParseInt(c.Key, 10, 64); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCursor, err)
		}
	}
	return &c, nil
}

// next is the cursor of the page that follows an item.
func (s *section) next(key string, id uuid.UUID) string {
	return s.nextIn("", key, id)
}

// nextIn is next of an item in a group.
func (s *section) nextIn(group, key string, id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(schema.Encode(cursor{s.sort, key, id, group})))
}

// where adds the condition that an item lies after the cursor.
func (s *section) where(w *where) {
	if s.after == nil {
		return
	}
	var key any = s.after.Key
	if s.number {
		key, _ = strconv.ParseInt(s.after.Key, 10, 64)
	}
	than := ">"
	if s.descending {
		than = "<"
	}
	w.and(fmt.Sprintf("(%s, %s) %s (?, ?)", s.expr, s.list.id, than), key, s.after.ID)
}

// end is the order and limit of the query. It asks for one item more than the
// page holds, to learn whether there is another page.
func (s *section) end() string {
	return fmt.Sprintf("%s limit %d", s.order(s.expr, s.list.id), s.limit+1)
}

// order is the section's order by expressions of its sort key and id.
func (s *section) order(key, id string) string {
	direction := ""
	if s.descending {
		direction = " desc"
	}
	return fmt.Sprintf(" order by %s%s, %s%s", key, direction, id, direction)
}

// keyed is an item with its sort key.
type keyed[T any] struct {
	item T
	key  string
}

// page cuts what a section's query found to the page and its next cursor.
func page[T any](s *section, found []keyed[T], id func(T) uuid.UUID) (items []T, next string) {
	more := len(found) > s.limit
	if more {
		found = found[:s.limit]
	}
	items = make([]T, len(found))
	for i, f := range found {
		items[i] = f.item
	}
	if more {
		last := found[len(found)-1]
		next = s.next(last.key, id(last.item))
	}
	return items, next
}

// where is a condition that is put together from parts which all hold.
type where struct {
	parts []string
	args  []any
}

func (w *where) and(condition string, args ...any) {
	w.parts = append(w.parts, condition)
	w.args = append(w.args, args...)
}

func (w *where) String() string { return strings.Join(w.parts, " and ") }

// like is the pattern that finds text anywhere, for use with escape '!'.
func like(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
}

// values turns a list into arguments.
func values[T any](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = v
	}
	return args
}
