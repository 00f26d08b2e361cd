package commands

import (
	"slices"

	"github.com/docketlog/docket/events"
)

// Undo returns the command that reverts what one commit did to the target: all
// its changes, last first, as one command. happened holds all events of the
// commit, in order.
//
// Only that commit is undone, and nothing after it. Fields, statuses, names and
// roles are reset only where they still have the value that the commit gave
// them; if one has changed since, the command is refused with [CodeChanged].
// Undo needs the same permissions as making the change by hand. It is a commit
// like any other, and undoing it redoes the change. If nothing is left to undo,
// it changes nothing.
//
//	task_created     ↔ trash; task_deleted ↔ task_restored
//	task_edited      each field reset; task_moved: status and rank reset
//	task_assigned    ↔ task_unassigned, for the same accounts
//	comment_added    deleted; comment_edited: the previous text
//	comment_deleted  ↔ comment_restored
//	project_created  archived: it can be read and unarchived
//	project_renamed  the previous name; project_archived ↔ project_unarchived
//	member_added     ↔ member_removed, with the same role
//	statuses_changed the previous board; see [undoStatuses]
//
// It fails with [CodeCannotUndo] for a commit without an opposite: a
// registration, an erasure, or an empty commit.
func Undo(target events.Aggregate, happened []events.Event) (Command, error) {
	parts := make([]Command, 0, len(happened))
	for _, event := range slices.Backward(happened) {
		opposite := opposite(target, event)
		if opposite == nil || opposite.Target() != target {
			return nil, reject(CodeCannotUndo, "Events of type %s cannot be undone.", event.EventType())
		}
		parts = append(parts, opposite)
	}
	if len(parts) == 0 {
		return nil, reject(CodeCannotUndo, "There is nothing to undo.")
	}
	return Together(parts...), nil
}

// opposite returns the command that undoes one event, nil if none does.
func opposite(target events.Aggregate, event events.Event) Command {
	id := target.ID
	switch e := event.(type) {
	case events.TaskCreated, events.TaskRestored:
		return DeleteTask{Task: id}
	case events.TaskDeleted:
		return RestoreTask{Task: id}
	case events.TaskEdited:
		edit := EditTask{Task: id}
		edit.Title, edit.Seen.Title = back(e.Title)
		edit.Description, edit.Seen.Description = back(e.Description)
		edit.Priority, edit.Seen.Priority = back(e.Priority)
		edit.Due, edit.Seen.Due = back(e.Due)
		edit.Labels, edit.Seen.Labels = back(e.Labels)
		return edit
	case events.TaskMoved:
		return MoveTask{Task: id, Status: e.Status.From, Rank: e.Rank.From, SeenStatus: e.Status.To}
	case events.TaskAssigned:
		return UnassignTask{Task: id, Accounts: e.Accounts}
	case events.TaskUnassigned:
		return AssignTask{Task: id, Accounts: e.Accounts}
	case events.CommentAdded:
		return DeleteComment{Task: id, Comment: e.Comment}
	case events.CommentEdited:
		return EditComment{Task: id, Comment: e.Comment, Text: e.From, Seen: &e.To}
	case events.CommentDeleted:
		return RestoreComment{Task: id, Comment: e.Comment, Text: e.Text}
	case events.CommentRestored:
		return DeleteComment{Task: id, Comment: e.Comment}

	case events.ProjectCreated, events.ProjectUnarchived:
		return ArchiveProject{Project: id}
	case events.ProjectArchived:
		return UnarchiveProject{Project: id}
	case events.ProjectRenamed:
		return RenameProject{Project: id, Name: e.From, Seen: &e.To}
	case events.MemberAdded:
		return RemoveMember{Project: id, Account: e.Account, Seen: e.Role}
	case events.MemberRemoved:
		return AddMember{Project: id, Account: e.Account, Role: e.Role}
	case events.MemberRoleChanged:
		return ChangeMemberRole{Project: id, Account: e.Account, Role: e.From, Seen: e.To}
	case events.StatusesChanged:
		return undoStatuses(target, e)
	}
	return nil
}

// back returns the old value of a field, to be set, and the new value, to be
// seen; nil for a field that did not change.
func back[T any](change *events.Changed[T]) (was, seen *T) {
	if change == nil {
		return nil, nil
	}
	return &change.From, &change.To
}

// undoStatuses restores the board. Statuses added by the change are removed:
// their tasks go to the first status of the old board with the same meaning, or
// to its first status if there is none, so that done tasks stay done. Tasks of
// statuses that the change retired return to them. Tasks that had come to such
// a status because their own had been retired before stay with the heir: their
// events name a status that neither board has.
func undoStatuses(target events.Aggregate, e events.StatusesChanged) Command {
	if len(e.From) == 0 {
		return nil
	}
	retire := map[string]string{}
	for _, added := range e.To {
		if slices.ContainsFunc(e.From, func(s events.Status) bool { return s.Key == added.Key }) {
			continue
		}
		heir := max(0, slices.IndexFunc(e.From, func(s events.Status) bool { return s.Category == added.Category }))
		retire[added.Key] = e.From[heir].Key
	}
	return ChangeStatuses{Project: target.ID, Statuses: e.From, Retire: retire, Seen: e.To}
}
