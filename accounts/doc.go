// Package accounts manages authentication: people, passwords, sessions and
// personal API tokens. It also keeps each person's saved filters.
//
// All data is in JetStream key-value buckets, because people must be erasable
// and events are not. Input: an address and a password, or the secret of a
// session or token. Output: an [Identity], names to show, and account events that
// hold ids only, such as [events.AccountRegistered].
//
// The buckets, with keys and values:
//
//	docket_credentials  keyed hash of an address → account, password hash, keyed
//	                    hashes of the networks it signed in from
//	docket_people       account → name, address, administrator, erased
//	docket_sessions     account.session → hash of the secret, expiry, last use
//	docket_tokens       account.token → the same, with name and scopes
//	docket_filters      account → its saved filters
//	docket_attempts     keyed hash of an address or network address, or an
//	                    account → count
//	docket_instance     the installation's secret; the administrator's account
//
// No key holds personal data, and no value holds a password or a secret in plain
// text. Values that are replaced or removed are overwritten in the broker's store.
//
// Guarantee after a crash of any process at any time: the first step of every
// operation is a single write that decides it, and any process can repeat the
// later steps. A registration is decided by the claim of its address and
// completed by the next attempt or sign-in. An erasure is decided by the
// person's record and completed by the next start. Every process rejects a
// revoked session or token as soon as it receives the change. A process whose
// cache may be stale asks the broker. If the broker does not answer, the process
// uses its cache for up to fifteen seconds and then rejects.
package accounts
