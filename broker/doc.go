// Package broker owns the NATS server that Docket runs in its own process, and
// the connections to it and to external servers.
//
// It takes a data folder, or the address of a server, and returns a connection
// that reconnects by itself.
//
// After a crash, every acknowledged publish is on disk, because the embedded
// server syncs each write before it answers. The data folder belongs to one
// process at a time; the lock ends with the process, however it ends, so a
// killed process never blocks the next. Address and credentials stay the same
// across starts if the port is still free.
//
// Whether an external server syncs every write depends on its configuration and
// cannot be detected.
package broker
