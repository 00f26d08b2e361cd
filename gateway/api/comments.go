package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// CommentAnswer is the answer with one comment.
type CommentAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position that includes the change."`
	ETag     string `header:"ETag" doc:"The task's revision."`
	Change   string `header:"Docket-Change" doc:"The last task revision that this request created; pass it to the undo operation. Absent if nothing changed."`
	Location string `header:"Location" doc:"The URL of the comment, if it was added."`
	Body     Comment
}

// OfComment is the input of requests about one comment.
type OfComment struct {
	OfTask
	Comment uuid.UUID `path:"comment" format:"uuid" doc:"The comment's ID."`
}

// CommentText is the text of a comment.
type CommentText struct {
	Text string `json:"text" maxLength:"16384" doc:"At most 16,384 bytes. <@id> mentions the account with that ID; members are notified."`
}

// CommentPatch is a merge patch of a comment.
type CommentPatch struct {
	Text string  `json:"text" maxLength:"16384" doc:"At most 16,384 bytes. <@id> mentions the account with that ID; members are notified."`
	Seen *string `json:"seen,omitempty" maxLength:"16384" doc:"The comment as the client last saw it. If it has since changed to something other than text, the request fails with 409 changed_meanwhile."`
}

func (a *API) comments(ctx context.Context, in *struct {
	OfTask
	Sort string `query:"sort" enum:"created,-created" default:"created" doc:"The sort order; -created lists the newest first."`
	Paging
	Reading
}) (*Listed[Comment], error) {
	p, position, err := service.ReadOfTask(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) (p page[projections.Comment], err error) {
		p.rows, p.next, err = s.Comments(ctx, access.From(ctx).Account, in.ID, in.page(in.Sort))
		return p, err
	})
	if err != nil {
		return nil, err
	}
	return listed(p.rows, p.next, position, commentOfRow), nil
}

func (a *API) addComment(ctx context.Context, in *struct {
	OfTask
	Writing
	Body CommentText
}) (*CommentAnswer, error) {
	id := service.NewID(ctx, "comment")
	answer, err := a.commented(ctx, commands.AddComment{Task: in.ID, Comment: id, Text: in.Body.Text}, id, in.write())
	if err != nil {
		return nil, err
	}
	answer.Location = "/api/v1/tasks/" + in.ID.String() + "/comments/" + id.String()
	return answer, nil
}

func (a *API) editComment(ctx context.Context, in *struct {
	OfComment
	Writing
	Body CommentPatch
}) (*CommentAnswer, error) {
	return a.commented(ctx, commands.EditComment{
		Task: in.ID, Comment: in.Comment, Text: in.Body.Text, Seen: in.Body.Seen,
	}, in.Comment, in.write())
}

func (a *API) commented(ctx context.Context, command commands.Command, comment uuid.UUID, w service.Write) (*CommentAnswer, error) {
	o, err := a.service.Do(ctx, command, w)
	if err != nil {
		return nil, err
	}
	said, ok := o.Task.Comment(comment)
	if !ok {
		// This is a retry, and the comment has been deleted since.
		return nil, problem.New(problem.NotFound, "The comment has since been deleted.")
	}
	return &CommentAnswer{
		Position: o.Position.String(), ETag: etag(o.Task.Head.Revision), Change: changeOf(o), Body: commentOfFold(o.Task.ID, said),
	}, nil
}

func (a *API) deleteComment(ctx context.Context, in *struct {
	OfComment
	Writing
}) (*Written, error) {
	o, err := a.service.Do(ctx, commands.DeleteComment{Task: in.ID, Comment: in.Comment}, in.write())
	if err != nil {
		return nil, err
	}
	return written(o, o.Task.Head.Revision), nil
}
