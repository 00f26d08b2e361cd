// Package browsertest tests pages as people meet them: in a real Chromium, with
// mouse, keys and fingers, against a whole Docket.
//
// [Run] belongs in a package's TestMain; one browser serves all its tests, and
// starts with the first [Page]. Every page is a person with a browser of their
// own: cookies, storage and preferences are not shared.
//
// A page watches itself and fails its test at the end for what nobody may see
// happen, unless [Page.Allow] expected it: a violation of the
// Content-Security-Policy, an uncaught exception, an error on the console, a
// dialog that scripts put up, a request to another origin, a part of the page
// that does not load, an answer of 500 and above. Windows that a page opens,
// and its workers, are not watched.
//
// Selectors are CSS, and may end in :has-text("…") to mean those that show the
// text. Waiting ends after [Patience], and then says where the page is and what
// it shows. Nothing is asserted about time.
//
// DOCKET_TEST_CHROMIUM says where the browser is and DOCKET_TEST_AXE where
// axe-core's axe.min.js is; deploy/testing/with-services sets both.
package browsertest
