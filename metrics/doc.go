// Package metrics is how rooms define what an operator can measure: each room
// has tables of metrics, each with its name, its meaning, and how to read it
// from a value that the room provides on request. It depends on no room.
package metrics
