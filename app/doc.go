// Package app joins the rooms into what can be run: it holds the command line,
// the roles and the operations server.
//
// Without arguments the program is the whole product in one process: an
// embedded NATS JetStream server that holds the log, SQLite rows, the HTTP
// gateway and the notifier. With settings the same program is one role of many.
package app
