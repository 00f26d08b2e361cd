// Package web owns the pages: what people see in a browser.
//
// What enters: requests of browsers for pages, and forms. What leaves: HTML
// that is whole without script, and redirects after forms. It asks and commands
// through package service, as the API does, so that pages and programs are held
// to the same rules; the scripts on top of the pages are clients of the API.
//
// What pages say is in package i18n. How people write has packages of its own:
// taskquery (searching), quickadd (adding tasks by lines), markdown (descriptions
// and comments) and shorthand (@person, !priority and days, which those share).
// The stories in a browser are in webtest.
//
// One page is one templ component and one file of the page's name. A page is
// asked for again whenever something it shows has changed, and the script puts
// the difference in place; there is no second way of rendering, except for the
// cards of a board, of which there may be thousands (assets/scripts/board).
//
// What holds after a crash: nothing is kept here. A form carries the key of its
// command, so that sending it twice does it once.
package web
