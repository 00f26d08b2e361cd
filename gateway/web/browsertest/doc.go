// Package browsertest tests pages as users use them: in a real Chromium, with
// mouse, keyboard and touch, against a complete Docket.
//
// TestMain of a package must call [Run]; one browser serves all its tests, and
// starts with the first [Page]. Every page is a separate user with a separate
// browser profile: cookies, storage and preferences are not shared.
//
// A page watches itself and fails its test at the end for anything that no user
// should see, unless [Page.Allow] expected it: a violation of the
// Content-Security-Policy, an uncaught exception, an error on the console, a
// dialog opened by a script, a request to another origin, a part of the page
// that does not load, a response with status 500 or above. It does not watch
// windows that a page opens, nor its workers.
//
// Selectors are CSS, and may end in :has-text("…") to select elements that show
// the text. Waiting times out after [Timeout], and the failure reports the
// page's address and content. Nothing is asserted about time.
//
// DOCKET_TEST_CHROMIUM is the path of the browser and DOCKET_TEST_AXE that of
// axe-core's axe.min.js; deploy/testing/with-services sets both.
package browsertest
