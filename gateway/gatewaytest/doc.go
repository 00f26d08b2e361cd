// Package gatewaytest builds a whole Docket in one process, with the real
// things: an embedded broker, rows in SQLite, accounts, commands, the projector
// and a gateway that listens on loopback. Everything ends with the test.
//
// Passwords cost next to nothing and nobody is turned away for asking often;
// else it is what people run.
package gatewaytest
