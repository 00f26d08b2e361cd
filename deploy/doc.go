// Package deploy holds the deployment files of Docket and their tests.
package deploy
