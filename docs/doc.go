// Package docs holds the documents, and tests that compare them with the program.
package docs
