package dialect

import "strings"

// Where is a conjunction of conditions with their arguments. The zero Where has
// no condition.
type Where struct {
	conditions []string
	// Args are the arguments of all conditions, in order.
	Args []any
}

// And adds a condition, written with ?, and its arguments.
func (w *Where) And(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.Args = append(w.Args, args...)
}

// String returns the conditions, joined with and.
func (w *Where) String() string { return strings.Join(w.conditions, " and ") }

// Like returns a pattern that matches text anywhere, for use with escape '!'.
func Like(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
}

// Values turns a list into arguments.
func Values[T any](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = v
	}
	return args
}
