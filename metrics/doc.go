// Package metrics owns what an operator can measure: one table of names, each
// with its meaning and where its value comes from. Values are read from the
// rooms when they are asked for; only how often something took how long is
// counted here, as rooms tell of it. The gateway's figures about requests are
// kept by the gateway.
package metrics
