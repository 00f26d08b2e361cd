// Package gatewaytest builds a whole Docket in one process from real
// components: an embedded broker, rows in SQLite, accounts, commands, the
// projector and a gateway that listens on loopback. All of it ends with the
// test.
//
// Password hashing is cheap and there are no rate limits; otherwise it is what
// people run.
package gatewaytest
