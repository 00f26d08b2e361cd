// Package webtest tests the pages end to end: what users see and do in a
// browser, with and without scripts, against a complete Docket, and what
// attackers try. It contains only tests and uses only exported names; browser
// control is in package browsertest.
package webtest
