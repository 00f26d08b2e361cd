// Package metrics is how rooms tell what an operator can measure: each has tables
// of names, each with its meaning and what it is in a value that the room gives
// when it is asked. It knows no room.
package metrics
