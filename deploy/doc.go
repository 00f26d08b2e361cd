// Package deploy holds what Docket is deployed with, and tests of it.
package deploy
