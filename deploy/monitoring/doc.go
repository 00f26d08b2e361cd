// Package monitoring holds the configuration of Prometheus, Alertmanager and
// Grafana, and tests of it.
package monitoring
