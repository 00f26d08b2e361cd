// Package brokertest starts real NATS servers for tests, on loopback and in
// temporary directories, and stops them when the test ends.
package brokertest
