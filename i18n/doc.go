// Package i18n owns the localized texts of Docket: phrases, plural forms,
// Korean particles, days and moments.
//
// It takes a key and its arguments, a date, or a request's Accept-Language, and
// returns text. A language is one file of rules and phrases (en.go, ko.go), a
// second file with the phrases for rejections (en_problems.go, ko_problems.go),
// and its line in language.go. Every language has the same keys, and each
// phrase has the same placeholders in all languages; the tests compare them.
//
// The package imports no other package of Docket, so that any package may
// import it. All functions are safe for concurrent use; nothing is stored.
package i18n
