// Package testkit holds what the tests of all rooms share: waiting for a
// condition, collecting output, free addresses, files and certificates. Below
// it are servers to test against: smtptest and sqltest. Only tests import it.
package testkit
