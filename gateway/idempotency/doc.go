// Package idempotency owns the promise of the header Idempotency-Key: the same
// request sent again with the same key has the same outcome, and the same
// answer byte for byte for as long as it is remembered.
//
// The promise has two layers. The log holds the first for good: the command's
// id derives from account, key and request, so a command that is sent again is
// recognised where it was written, also when a crash came between the writing
// and the answer. The second is a bucket that remembers answers for a day, and
// with them what was asked, so that a key that is used for another request is
// refused rather than taken for a repetition.
//
// Only what is final is remembered: success, and refusals that rest on the
// request. Never what another attempt could change (401, 408, 429, 5xx), and
// never an answer or a request that holds a secret in clear. Nor is an answer
// that names a person: it would outlive the erasure of their data. Of these it
// is remembered that they were given, and the answer to a repetition is made of
// what is so by then.
package idempotency
