// Package logtest is the conformance suite of [events.Log]. It tests the
// guarantees of every implementation. An implementation calls [Run] from its own
// test, once for each way it can be deployed.
package logtest
