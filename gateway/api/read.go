package api

import (
	"context"
	"time"

	"github.com/docketlog/docket/projections"
)

// readPatience is how long a read waits for the rows to reach a position, and
// how long it may take.
const readPatience = 5 * time.Second

// read asks the rows, once they have reached what the caller has seen, and
// gives the position of the snapshot that answered.
func read[T any](ctx context.Context, a *API, in Reading, ask func(context.Context, *projections.Snapshot) (T, error)) (T, string, error) {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	var answer T
	var position string
	err := a.Rows.Read(ctx, in.Position.Position, func(s *projections.Snapshot) (err error) {
		position = s.Position.String()
		answer, err = ask(ctx, s)
		return err
	})
	return answer, position, err
}

// List is a page of a list.
type List[T any] struct {
	Items []T     `json:"items" nullable:"false"`
	Next  *string `json:"next" doc:"Send it as cursor for the next page; null on the last."`
}

// Listed answers with a page.
type Listed[T any] struct {
	Position string `header:"Docket-Position" doc:"The place in the log this answer rests on."`
	Body     List[T]
}

func listed[T, R any](rows []R, next, position string, shape func(R) T) *Listed[T] {
	out := &Listed[T]{Position: position}
	out.Body.Items = make([]T, len(rows))
	for i := range rows {
		out.Body.Items[i] = shape(rows[i])
	}
	if next != "" {
		out.Body.Next = &next
	}
	return out
}

// page is a part of a list as the rows give it.
type page[R any] struct {
	rows []R
	next string
}

// Paging is what every list takes.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"The largest number of items."`
	Cursor string `query:"cursor" maxLength:"8192" doc:"next of the page before, with the same filters and sort."`
}

func (p Paging) page(sort string) projections.Page {
	return projections.Page{Limit: p.Limit, Cursor: p.Cursor, Sort: sort}
}
