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

// order is one sort order of a list: by an expression, then by id. The values
// of expr and reverse must compare as in the database: numbers, or text by its
// bytes.
type order struct {
	expr string
	// reverse is the expression for descending order, if different.
	reverse string
	number  bool
}

// list is a kind of list that is read page by page. A page continues after the
// last item of the previous page, wherever that item is now: items inserted in
// between neither repeat nor hide others.
type list struct {
	name   string
	id     string // the expression for the items' id
	orders map[string]order
	first  string // the default order
}

// section is the part of a list that a page requests.
type section struct {
	list       *list
	sort       string
	expr       string
	number     bool
	descending bool
	limit      int
	after      *cursor
}

// cursor is where a page ended: the order, the sort key and id of its last
// item, and the item's group if the list has groups.
type cursor struct {
	Sort string    `json:"s"`
	Key  string    `json:"k"`
	ID   uuid.UUID `json:"i"`
	// Group is the item's group, in a list with groups.
	Group string `json:"g,omitempty"`
}

// maxCursor is the maximum length of an accepted cursor, in bytes: keys in it
// are no longer than what a database sorts by.
const maxCursor = dialect.SortLength

func (l *list) section(p Page) (section, error) { return l.sectionIn(p, "") }

// sectionIn is section for a list with groups, unless grouping is empty.
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

// next returns the cursor of the page that follows an item.
func (s *section) next(key string, id uuid.UUID) string {
	return s.nextIn("", key, id)
}

// nextIn is next for an item in a group.
func (s *section) nextIn(group, key string, id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(schema.Encode(cursor{s.sort, key, id, group})))
}

// where adds the condition that an item lies after the cursor.
func (s *section) where(w *dialect.Where) {
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
	w.And(fmt.Sprintf("(%s, %s) %s (?, ?)", s.expr, s.list.id, than), key, s.after.ID)
}

// end returns the order and limit of the query. It requests one item more than
// the page holds, to learn whether there is another page.
func (s *section) end() string {
	return fmt.Sprintf("%s limit %d", s.order(s.expr, s.list.id), s.limit+1)
}

// order returns the section's order by expressions for its sort key and id.
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

// page cuts the result of a section's query down to the page, and returns its
// next cursor.
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
