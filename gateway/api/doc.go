// Package api owns the JSON interface: its routes, and the shapes of what is
// asked and answered. The OpenAPI document is made from the same code.
//
// What enters: a request that package access has let in. What leaves: the same
// in the words of the domain, put to package service, and its answer as JSON with
// the position of the log it rests on.
//
// A write is answered from the fold the command left, and only a task's number
// needs the rows; a read is answered from the rows. The two shapes are the same,
// so that a client cannot tell them apart.
package api
