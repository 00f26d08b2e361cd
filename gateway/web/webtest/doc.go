// Package webtest holds the stories of the pages: what people see and do in a
// browser, with and without script, against a whole Docket, and what strangers
// try. It has tests only, and uses exported names only; what a story needs of a
// browser is in package browsertest.
package webtest
