// Package smtp sends mails to an SMTP server and says why it could not: whether
// a retry can succeed, and whether the server failed or this mail.
package smtp
