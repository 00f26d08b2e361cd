// Package app combines the rooms into the program: it holds the command line,
// the roles and the operations server.
//
// Without arguments the program is the whole product in one process: an
// embedded NATS JetStream server that holds the log, SQLite rows, the HTTP
// gateway and the notifier. With settings, the same program is one of several
// roles.
package app
