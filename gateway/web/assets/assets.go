package assets

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"time"
)

//go:generate go -C generate run . .. ../dist

//go:embed dist
var generated embed.FS

// file is one asset.
type file struct {
	kind string
	// version is the hash of the content, the same in every encoding.
	version string
	// content is the file in each available encoding; "" is the uncompressed
	// file.
	content map[string][]byte
}

// encodings are the compressed forms of a file, in order of preference, with
// their file name extensions in dist.
var encodings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

// files are the assets by name.
var files = func() map[string]file {
	entries, err := generated.ReadDir("dist")
	if err != nil {
		panic(err) // the files are part of the program
	}
	names := make(map[string][]byte, len(entries))
	for _, e := range entries {
		if names[e.Name()], err = generated.ReadFile("dist/" + e.Name()); err != nil {
			panic(err)
		}
	}
	all := make(map[string]file)
	for name, content := range names {
		kind := kindOf(name)
		if kind == "" {
			continue // a compressed form of another file
		}
		digest := sha256.Sum256(content)
		f := file{kind, hex.EncodeToString(digest[:])[:12], map[string][]byte{"": content}}
		for _, e := range encodings {
			if compressed, ok := names[name+e.ending]; ok {
				f.content[e.name] = compressed
			}
		}
		all[name] = f
	}
	return all
}()

// kindOf returns the media type of a file by its name, "" for a compressed
// form. It does not consult the machine's type table, so that the result is the
// same everywhere.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return ""
}

// Pattern is the route of [Handler].
const Pattern = "GET /assets/{version}/{file}"

// Icon is the name of the icon, which browsers also ask for at /favicon.ico.
const Icon = "icon.svg"

// URL returns the path of a file. It panics if the file does not exist: a page
// that refers to it could not work.
func URL(name string) string {
	f, ok := files[name]
	if !ok {
		panic("assets: no file is called " + strconv.Quote(name))
	}
	return "/assets/" + f.version + "/" + name
}

// Names returns the names of all files.
func Names() []string { return slices.Sorted(maps.Keys(files)) }

// Handler serves the files at [Pattern]; headers sets the headers common to all
// pages. A request for another version of a file gets the current one, which
// the browser must then not cache.
func Handler(headers func(http.Header)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, headers, r.PathValue("file"), r.PathValue("version"))
	}
}

// IconHandler serves the icon at an address without a version.
func IconHandler(headers func(http.Header)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { serve(w, r, headers, Icon, "") }
}

func serve(w http.ResponseWriter, r *http.Request, headers func(http.Header), name, version string) {
	f, ok := files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	headers(h)
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	encoding := negotiate(r.Header.Values("Accept-Encoding"), f.content)
	tag := f.version
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
		tag += "-" + encoding
	}
	h.Set("ETag", strconv.Quote(tag))
	content := f.content[encoding]
	// ServeContent omits the length of encoded content.
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if version == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
