// Package accounts owns the question of who may knock: people, passwords,
// sessions and personal API tokens; and what else is a person's own, their saved
// filters.
//
// All of it lives in JetStream key-value buckets, because people must be
// erasable and the log is not. What enters: an address and a password, or the
// secret of a session or token. What leaves: an [Identity], names to show, and
// two events that hold ids only, [events.AccountRegistered] and
// [events.AccountErased].
//
// The buckets and what their keys are made of:
//
//	docket_credentials  keyed hash of an address → account, password hash, keyed
//	                    hashes of the networks it signed in from
//	docket_people       account → name, address, administrator, erased
//	docket_sessions     account.session → hash of the secret, expiry, last use
//	docket_tokens       account.token → the same, with name and scopes
//	docket_filters      account → the filters it has saved
//	docket_attempts     keyed hash of an address or network address, or an
//	                    account → count
//	docket_instance     the installation's secret; who became administrator
//
// No key holds personal data, no value holds a password or a secret in clear.
// Whatever a bucket replaces or removes is overwritten in the broker's store.
//
// What holds after a crash, of any process at any instant: every operation is a
// chain of steps of which the first is a single write that decides it, and each
// later one can be done again by anybody who comes across it. A registration
// is decided by the claim of its address and completed by the next attempt or
// sign-in; an erasure is decided by the person's record and completed by the
// next start. A revoked session or token is refused by every process as soon as
// it learns of it, and a process that may have stopped learning asks the broker
// or, if that does not answer, goes by its memory for fifteen seconds and then
// refuses.
package accounts
