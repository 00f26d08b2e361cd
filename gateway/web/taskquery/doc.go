// Package taskquery owns the language in which people search for tasks.
//
// What enters: a text such as label:bug @mina !high due:week words. What leaves:
// its terms, the same text with a term more or less, and the filter for the rows.
// One text holds a query, in the search box, in the address and among the saved
// filters: reading what was written gives the same terms. Any text is a query.
package taskquery
