// Package brokertest starts real NATS servers for tests, on loopback, in
// temporary folders, and stops them when the test ends.
package brokertest
