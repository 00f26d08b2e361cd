package fold

import (
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// Rows is the working set: the part of a generation's tables that is in memory.
// One transaction is a call of [Rows.Want] for each fact, the loads, a call of
// [Rows.Apply] for each fact in the order of the log, the changes, and
// [Rows.Settle] once they are committed. After a failed transaction the rows
// must not be used again. They are for one goroutine.
type Rows struct {
	projections []Projection

	heads   *rowCache[events.Aggregate, headRow]
	parked  *rowCache[events.Aggregate, parkedRow]
	refused *rowCache[uint64, refusedRow]

	accounts    *rowCache[uuid.UUID, accountRow]
	projects    *rowCache[uuid.UUID, projectRow]
	memberships *rowCache[membershipKey, struct{}]
	statuses    *rowCache[statusKey, statusRow]
	tasks       *rowCache[uuid.UUID, taskRow]
	tallies     *rowCache[uuid.UUID, tallyRow]
	assignments *rowCache[assignmentKey, struct{}]
	labels      *rowCache[labelKey, struct{}]
	comments    *rowCache[commentKey, commentRow]
	history     *rowCache[historyKey, historyRow]
	figures     *rowCache[int64, figuresRow]
	cycles      *rowCache[uuid.UUID, cycleRow]

	caches []anyCache
}

// NewRows creates an empty working set for these projections, in the order in
// which they fold.
func NewRows(projections []Projection) *Rows {
	r := &Rows{
		projections: projections,
		heads:       newHeads(), parked: newParked(), refused: newRefused(),
		accounts: newAccounts(),
		projects: newProjects(), memberships: newMemberships(), statuses: newStatuses(),
		tasks: newTasks(), tallies: newTallies(), assignments: newAssignments(), labels: newLabels(), comments: newComments(),
		history: newHistory(),
		figures: newFigures(), cycles: newCycles(),
	}
	r.caches = []anyCache{
		r.heads, r.parked, r.refused,
		r.accounts,
		r.projects, r.memberships, r.statuses,
		r.tasks, r.tallies, r.assignments, r.labels, r.comments,
		r.history,
		r.figures, r.cycles,
	}
	r.Reset(false)
	return r
}

// Tables lists the tables of a generation, always in the same order.
func Tables() []*schema.Table {
	var list []*schema.Table
	for _, c := range NewRows(nil).caches {
		list = append(list, c.table())
	}
	return list
}

// Want names the rows that folding f may need.
func (r *Rows) Want(f *Fact) {
	r.heads.want(f.Aggregate)
	if f.err != nil && f.Type != events.TypeTaskCreated {
		return
	}
	for i := range r.projections {
		if want := r.projections[i].Want; want != nil {
			want(r, f)
		}
	}
}

// Loads requests the rows that are wanted and not known, each of them once. A
// row that a load does not find does not exist.
func (r *Rows) Loads() []schema.Load {
	var loads []schema.Load
	for _, c := range r.caches {
		if l, ok := c.load(); ok {
			loads = append(loads, l)
		}
	}
	return loads
}

// Changes returns what differs from the database. Call it once per transaction;
// the result does not change afterwards.
func (r *Rows) Changes() []schema.Change {
	var changes []schema.Change
	for _, c := range r.caches {
		if changed, ok := c.change(); ok {
			changes = append(changes, changed)
		}
	}
	return changes
}

func (r *Rows) keep() {
	for _, c := range r.caches {
		c.keep()
	}
}

func (r *Rows) revert() {
	for _, c := range r.caches {
		c.revert()
	}
}

// Settle is called after a commit: it drops rows that are never read again.
func (r *Rows) Settle() {
	for _, c := range r.caches {
		c.settle()
	}
}

// Reset forgets everything. complete means that all tables are empty, so that
// nothing needs to be loaded.
func (r *Rows) Reset(complete bool) {
	for _, c := range r.caches {
		c.reset(complete)
	}
}

// Len returns the number of rows in memory, including those known not to exist.
func (r *Rows) Len() int {
	n := 0
	for _, c := range r.caches {
		n += c.size()
	}
	return n
}
