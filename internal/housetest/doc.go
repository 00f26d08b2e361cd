// Package housetest holds the rules of the tree as tests: which room may import
// which, and the limits of its figures.
package housetest
