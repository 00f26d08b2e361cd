// Package smtptest provides an SMTP server for tests.
package smtptest
