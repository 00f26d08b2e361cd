package projections

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// projection is a fold with a name and a version. The version is raised with
// every change of its tables or its fold; rows of another version are built
// anew and never converted.
type projection struct {
	name    string
	version int
	// want names the rows that folding f may look at.
	want func(r *rows, f *fact)
	// fold applies f to the rows. It is pure: it looks at f and at rows only.
	// If it fails, nothing that any projection did with f remains.
	fold func(r *rows, f *fact) error
	// passed, if not nil, takes note of an event that could not be folded.
	passed func(r *rows, f *fact)
}

// all is every projection there is, in the order in which they fold.
var all = []projection{
	{name: "people", version: 1, want: wantPerson, fold: foldPerson},
	{name: "figures", version: 1, want: wantFigures, fold: foldFigures},
	{name: "projects", version: 3, want: wantProject, fold: foldProject},
	{name: "tasks", version: 2, want: wantTask, fold: foldTask, passed: passTask},
	{name: "history", version: 1, want: wantNothing, fold: foldHistory},
}

func wantNothing(*rows, *fact) {}

// rows is the working set: every table of a generation, as far as it is in
// memory.
type rows struct {
	projections []projection

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

func newRows(projections []projection) *rows {
	r := &rows{
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
	r.reset(false)
	return r
}

// tables lists the tables of a generation.
func tables() []*schema.Table {
	var list []*schema.Table
	for _, c := range newRows(nil).caches {
		list = append(list, c.table())
	}
	return list
}

func (r *rows) want(f *fact) {
	r.heads.want(f.Aggregate)
	if f.err != nil && f.Type != events.TypeTaskCreated {
		return
	}
	for i := range r.projections {
		r.projections[i].want(r, f)
	}
}

func (r *rows) loads() []schema.Load {
	var loads []schema.Load
	for _, c := range r.caches {
		if l, ok := c.load(); ok {
			loads = append(loads, l)
		}
	}
	return loads
}

func (r *rows) changes() []schema.Change {
	var changes []schema.Change
	for _, c := range r.caches {
		if changed, ok := c.change(); ok {
			changes = append(changes, changed)
		}
	}
	return changes
}

func (r *rows) keep() {
	for _, c := range r.caches {
		c.keep()
	}
}

func (r *rows) revert() {
	for _, c := range r.caches {
		c.revert()
	}
}

func (r *rows) settle() {
	for _, c := range r.caches {
		c.settle()
	}
}

func (r *rows) reset(complete bool) {
	for _, c := range r.caches {
		c.reset(complete)
	}
}

func (r *rows) size() int {
	n := 0
	for _, c := range r.caches {
		n += c.size()
	}
	return n
}

// fingerprint says by which folds rows were made: "fence 1, people 1, …".
func fingerprint(projections []projection) string {
	parts := []string{"fence " + strconv.Itoa(fenceVersion)}
	for _, p := range projections {
		parts = append(parts, p.name+" "+strconv.Itoa(p.version))
	}
	return strings.Join(parts, ", ")
}

// newer reports whether rows with fingerprint a come from a newer program than
// b: something in a has a higher version, or is unknown to b, and nothing has
// a lower one. It is what keeps an old projector from building old rows again
// while a new program is being rolled out.
func newer(a, b string) bool {
	known := make(map[string]int)
	for part := range strings.SplitSeq(b, ", ") {
		name, version := parsePart(part)
		known[name] = version
	}
	higher := false
	for part := range strings.SplitSeq(a, ", ") {
		name, version := parsePart(part)
		switch have, ok := known[name]; {
		case !ok || version > have:
			higher = true
		case version < have:
			return false
		}
	}
	return higher
}

func parsePart(part string) (name string, version int) {
	name, digits, _ := strings.Cut(part, " ")
	version, _ = strconv.Atoi(digits)
	return name, version
}

// without is list without the elements of gone, in a new slice.
func without[T comparable](list, gone []T) []T {
	rest := make([]T, 0, len(list))
	for _, v := range list {
		if !slices.Contains(gone, v) {
			rest = append(rest, v)
		}
	}
	return rest
}

// missingRow is the failure of a fold that needs a row which is not there.
func missingRow(what string, id uuid.UUID) error {
	return fmt.Errorf("%w: %s %s is unknown", errOrder, what, id)
}

// ProjectionVersion is a projection's name and the version of its rows.
type ProjectionVersion struct {
	Name    string
	Version int
}

// Versions lists every projection there is, in the order in which they fold.
// All of them share one position; see [Status].
func Versions() []ProjectionVersion {
	list := make([]ProjectionVersion, len(all))
	for i, p := range all {
		list[i] = ProjectionVersion{p.name, p.version}
	}
	return list
}
