// Package logtest is the conformance suite of [events.Log]: what every
// implementation promises, stated as tests. An implementation calls [Run] from
// a test of its own, once for each way it can be deployed.
package logtest
