// Package certificate holds a TLS certificate that settings name by its files,
// and keeps it current: renewed files are read while the program runs.
package certificate
