// Package i18n owns what Docket says to people in their language: phrases,
// plural forms, Korean particles, days and moments.
//
// What enters: a key and its arguments, a date, or a request's Accept-Language.
// What leaves: text. A language is one file of rules and phrases (en.go, ko.go),
// with the phrases for what is refused in a second one (en_problems.go,
// ko_problems.go) and its line in language.go. Every language has the same keys,
// and in each phrase the same placeholders; the tests compare them.
//
// The package imports no other package of Docket, so that any may use it. All
// functions are safe for concurrent use; nothing is kept.
package i18n
