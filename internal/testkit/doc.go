// Package testkit is what tests of every room share: waiting for something to
// become true, and collecting what a program writes. Only tests import it.
package testkit
