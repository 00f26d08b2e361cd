// Package config owns the settings: one table of all that can be configured, each
// with its meaning and its check, read from flags, variables and secret files.
//
// All mistakes are reported together, and none repeats what is secret.
package config
