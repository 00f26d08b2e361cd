package fold

import (
	"strconv"
	"strings"
)

// Projection is a fold with a name and a version. Every change of its tables or
// its fold raises the version; rows of another version are rebuilt and never
// converted.
type Projection struct {
	Name    string
	Version int
	// Want, if not nil, names the rows that folding f may need.
	Want func(r *Rows, f *Fact)
	// Fold applies f to the rows. It is pure: it depends only on f and the
	// rows. If it fails, the changes of all projections for f are undone.
	Fold func(r *Rows, f *Fact) error
	// Passed, if not nil, records an event that could not be folded.
	Passed func(r *Rows, f *Fact)
}

// Projections returns all projections, in the order in which they fold. The
// caller may modify the list.
func Projections() []Projection {
	return []Projection{
		{Name: "people", Version: 1, Want: wantPerson, Fold: foldPerson},
		{Name: "figures", Version: 1, Want: wantFigures, Fold: foldFigures},
		{Name: "projects", Version: 3, Want: wantProject, Fold: foldProject},
		{Name: "tasks", Version: 2, Want: wantTask, Fold: foldTask, Passed: passTask},
		{Name: "history", Version: 1, Fold: foldHistory},
	}
}

// Fingerprint returns the versions of the folds that make rows: "fence 1,
// people 1, …".
func Fingerprint(projections []Projection) string {
	parts := []string{"fence " + strconv.Itoa(fenceVersion)}
	for _, p := range projections {
		parts = append(parts, p.Name+" "+strconv.Itoa(p.Version))
	}
	return strings.Join(parts, ", ")
}

// Newer reports whether rows with fingerprint a are from a newer program than
// b: something in a has a higher version, or is unknown to b, and nothing has a
// lower one. This keeps an old projector from rebuilding old rows during the
// rollout of a new program.
func Newer(a, b string) bool {
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
