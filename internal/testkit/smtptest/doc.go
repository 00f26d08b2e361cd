// Package smtptest is an SMTP server for tests.
package smtptest
