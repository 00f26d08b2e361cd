// Package proxy holds the configuration of the proxy in front of the gateways,
// and its tests.
package proxy
