// Package certificate holds a TLS certificate that settings name by files, as it is
// now: renewed files are read while the program runs.
package certificate
