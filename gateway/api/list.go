package api

import (
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// List is a page of a list.
type List[T any] struct {
	Items []T     `json:"items" nullable:"false"`
	Next  *string `json:"next" doc:"Send it as cursor to get the next page; null on the last page."`
}

// Listed is the answer with a page.
type Listed[T any] struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
	Body     List[T]
}

func listed[T, R any](rows []R, next string, position events.Position, shape func(R) T) *Listed[T] {
	out := &Listed[T]{Position: position.String()}
	out.Body.Items = make([]T, len(rows))
	for i := range rows {
		out.Body.Items[i] = shape(rows[i])
	}
	if next != "" {
		out.Body.Next = &next
	}
	return out
}

// page is a part of a list as the rows return it.
type page[R any] struct {
	rows []R
	next string
}

// Paging is the input of every list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"The maximum number of items."`
	Cursor string `query:"cursor" maxLength:"8192" doc:"The next of the previous page. Use it with the same filters and sort."`
}

func (p Paging) page(sort string) projections.Page {
	return projections.Page{Limit: p.Limit, Cursor: p.Cursor, Sort: sort}
}
