// Package web owns the pages that people see in a browser.
//
// The package takes requests for pages and forms from browsers. It returns HTML
// that is complete without scripts, and redirects after forms. It reads and
// sends commands through package service, as the API does, so that pages and
// programs follow the same rules; the scripts on the pages are clients of the
// API.
//
// The texts of the pages are in package i18n. The notations that people type
// have packages of their own: taskquery (searching), quickadd (adding tasks by
// lines), markdown (descriptions and comments) and shorthand (@person,
// !priority and days, which the others share). The browser tests are in
// webtest.
//
// Each page is one templ component and one file of the page's name. When
// something on a page changes, the script requests the page again and patches
// the difference into the document; there is no second renderer, except for the
// cards of a board, which may number thousands (assets/scripts/board).
//
// After a crash: the package keeps no state. A form carries the idempotency key
// of its command, so sending it twice executes it once.
package web
