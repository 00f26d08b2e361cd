// Package dockettest runs the whole program as a separate process that can be
// killed, and uses it over HTTP as people do. The program is the test binary
// itself, started again through [Main].
package dockettest
