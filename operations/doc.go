// Package operations serves what monitoring asks of a process: whether it is
// alive, whether it is ready, and its metrics. Every role answers the same way,
// the gateway on its public listener, the others on a listener of their own.
//
// It depends on no room: the monitored process reports why it is not ready.
package operations
