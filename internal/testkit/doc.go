// Package testkit is what tests of every room share: waiting for something to
// become true, collecting what a program writes, free addresses, files and
// certificates. Below it are servers to test against: smtptest and sqltest. Only
// tests import it.
package testkit
