// Package assets owns the scripts, the style sheet and the icon of the pages.
//
// The sources are in scripts, app.css and icon.svg. The program in generate
// bundles, minifies and compresses them (make generate) and writes the results
// to dist, which is committed and embedded. Building and running Docket
// therefore needs neither Node nor a bundler, and nothing is compressed at run
// time.
//
// Each file is served in an encoding that the browser accepts, at an address
// that contains the hash of the file's content. The content at an address never
// changes, so browsers may cache it permanently. The package keeps no state, so
// a crash loses nothing.
package assets
