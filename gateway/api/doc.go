// Package api owns the JSON interface: its routes, and the formats of requests
// and answers. The OpenAPI document is generated from the same code.
//
// Input: a request that package access has admitted. Result: the request in
// domain terms, passed to package service, and the answer as JSON with the log
// position it reflects.
//
// A write is answered from the fold the command left, and only a task's number
// needs the rows; a read is answered from the rows. Both have the same format,
// so that a client cannot tell them apart.
package api
