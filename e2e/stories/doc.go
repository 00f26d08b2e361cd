// Package stories holds what people and operators do with the whole program, from
// its start to its end, as tests.
package stories
