// Package taskquery owns the query language for searching tasks.
//
// The package takes a text such as label:bug @mina !high due:week words. It
// returns its terms, the same text with one term more or less, and the filter
// for the rows. A query is the same text in the search box, in the address and
// in saved filters: parsing a formatted query gives the same terms. Any text is
// a valid query.
package taskquery
