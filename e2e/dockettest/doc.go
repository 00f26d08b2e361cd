// Package dockettest runs the whole program as a process of its own, which can be
// killed, and speaks to it as people do: over HTTP. The program is the test
// binary itself, started again; [Main] makes it so.
package dockettest
