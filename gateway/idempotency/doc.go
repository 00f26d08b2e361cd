// Package idempotency owns the guarantee of the header Idempotency-Key: the
// same request retried with the same key has the same outcome, and the same
// answer byte for byte while the answer is kept.
//
// The guarantee has two layers. The log holds the first permanently: the
// command's id derives from account, key and request, so the log recognises a
// retried command, even after a crash between the write and the answer. The
// second is a bucket that keeps answers for a day together with the request, so
// that a key reused for another request is refused, not taken for a retry.
//
// Only final answers are stored: success, and refusals that depend on the
// request alone. Never stored are answers that another attempt could change
// (401, 408, 429, 5xx), and answers or requests that contain a secret in clear
// text. Nor is an answer that names a person, because it would outlive the
// erasure of their data. For these the bucket stores only that they were given;
// the answer to a retry is made from the state at that time.
package idempotency
