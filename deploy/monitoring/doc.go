// Package monitoring holds the configuration of Prometheus, Alertmanager and
// Grafana, and its tests.
package monitoring
