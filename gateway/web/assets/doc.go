// Package assets owns what a page loads besides its HTML: scripts, style and icon.
//
// The sources are in scripts, app.css and icon.svg. The program in generate
// bundles, minifies and compresses them (make generate) and writes the results
// to dist, which is committed and embedded. Building and running Docket
// therefore needs neither Node nor a bundler, and nothing is compressed while
// the program runs.
//
// What leaves: each file, in the encoding the browser accepts, at an address
// that contains the hash of the file's content. An address never changes what
// it names, so browsers may keep the file for good. Nothing is kept here, so
// nothing can be lost in a crash.
package assets
