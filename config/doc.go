// Package config owns the settings: one table of everything that can be
// configured, each with its meaning and its check, read from flags, environment
// variables and secret files.
//
// All mistakes are reported together, and no report contains a secret.
package config
