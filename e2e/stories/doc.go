// Package stories tests complete workflows of users and operators with the
// whole program.
package stories
