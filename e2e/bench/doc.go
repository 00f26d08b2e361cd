// Package bench measures the whole program as a process of its own; the figures
// are in docs/performance.md and docs/operations/deploy.md.
package bench
