package fold

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// commentRow is a comment on a task. It is part of the tasks projection: a
// comment is an event of its task.
type commentRow struct {
	author    uuid.UUID
	text      string
	createdAt int64
	editedAt  *int64
}

type commentKey struct{ task, comment uuid.UUID }

func newComments() *rowCache[commentKey, commentRow] {
	return &rowCache[commentKey, commentRow]{
		of: &schema.Table{Name: "comments", Key: 2, Columns: []schema.Column{
			schema.ID("task"), schema.ID("id"), schema.ID("author"), schema.Text("body"), schema.Number("created_at"), schema.Moment("edited_at"),
		}},
		key: func(k commentKey, to []any) []any { return append(to, k.task, k.comment) },
		values: func(k commentKey, r *commentRow, to []any) []any {
			return append(to, k.task, k.comment, r.author, r.text, r.createdAt, when(r.editedAt))
		},
		scan: func(scan func(...any) error) (k commentKey, r commentRow, err error) {
			err = scan(&k.task, &k.comment, &r.author, &r.text, &r.createdAt, &r.editedAt)
			return k, r, err
		},
	}
}

func wantComment(r *Rows, f *Fact) {
	switch e := f.event.(type) {
	case events.CommentAdded:
		r.comments.want(commentKey{f.Aggregate.ID, e.Comment})
	case events.CommentEdited:
		r.comments.want(commentKey{f.Aggregate.ID, e.Comment})
	case events.CommentDeleted:
		r.comments.want(commentKey{f.Aggregate.ID, e.Comment})
	case events.CommentRestored:
		r.comments.want(commentKey{f.Aggregate.ID, e.Comment})
	}
}

// discuss folds the events of a task's comments.
func (t *taskRow) discuss(r *Rows, f *Fact) error {
	id := f.Aggregate.ID
	switch e := f.event.(type) {
	case events.CommentAdded:
		k := commentKey{id, e.Comment}
		if r.comments.get(k) != nil {
			return errOrder
		}
		r.comments.put(k, commentRow{author: f.Actor, text: schema.Plain(e.Text), createdAt: f.at})
		t.comments++
	case events.CommentEdited:
		k := commentKey{id, e.Comment}
		old := r.comments.get(k)
		if old == nil {
			return missingRow("comment", e.Comment)
		}
		row := *old
		row.text, row.editedAt = schema.Plain(e.To), f.moment()
		r.comments.put(k, row)
	case events.CommentDeleted:
		k := commentKey{id, e.Comment}
		if r.comments.get(k) == nil {
			return missingRow("comment", e.Comment)
		}
		r.comments.remove(k)
		t.comments--
	case events.CommentRestored:
		// The row was deleted with the comment; the event contains all of it.
		k := commentKey{id, e.Comment}
		if r.comments.get(k) != nil {
			return errOrder
		}
		row := commentRow{author: e.Author, text: schema.Plain(e.Text), createdAt: e.CreatedAt.UnixMicro()}
		if !e.EditedAt.IsZero() {
			at := e.EditedAt.UnixMicro()
			row.editedAt = &at
		}
		r.comments.put(k, row)
		t.comments++
	default:
		return fmt.Errorf("no fold for %s", f.Type)
	}
	return nil
}
