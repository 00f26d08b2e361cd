// Package bench measures the whole program as a separate process. The figures
// are in docs/performance.md and docs/operations/deploy.md.
package bench
