// Package broker owns the NATS server that Docket runs in its own process, and
// the connections to that one and to servers others run.
//
// What enters: a data folder, or the address of a server. What leaves: a
// connection that heals itself.
//
// What holds after a crash: a publish that was acknowledged is on disk, because
// the owned server syncs every write before it answers. The data folder belongs
// to one process at a time; the claim ends with the process, however it ends,
// so a killed one never blocks the next. Address and credentials stay the same
// from start to start where the port is still free.
//
// Whether a server others run syncs every write is theirs to configure and
// cannot be seen from outside.
package broker
