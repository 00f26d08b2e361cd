package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

// sources are the scripts and the sheet as they are written. There is no build
// step: they are made smaller when the program starts, which takes a few
// milliseconds, and else served as they lie here.
//
//go:embed assets
var sources embed.FS

// assets are what is served, by name.
var assets = func() map[string][]byte {
	smaller := minify.New()
	smaller.AddFunc("text/css", css.Minify)
	smaller.AddFunc("text/javascript", js.Minify)
	all := make(map[string][]byte)
	entries, err := sources.ReadDir("assets")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		data, err := sources.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		if kind := strings.TrimSuffix(kindOf(e.Name()), "; charset=utf-8"); !strings.HasPrefix(kind, "image/") {
			if strings.HasSuffix(e.Name(), ".js") {
				data = alone(data)
			}
			if data, err = smaller.Bytes(kind, data); err != nil {
				panic(fmt.Sprintf("%s: %v", e.Name(), err))
			}
		}
		all[e.Name()] = data
	}
	return all
}()

// alone puts what a module that exports nothing does into a function. Nobody
// else can use its names there, so that they are made smaller too.
func alone(module []byte) []byte {
	if bytes.Contains(module, []byte("\nexport ")) {
		return module
	}
	body := 0
	if at := bytes.LastIndex(module, []byte("\nimport ")); at >= 0 {
		body = at + 1 + bytes.IndexByte(module[at+1:], '\n')
	}
	return slices.Concat(module[:body], []byte(";(async () => {"), module[body:], []byte("})()\n"))
}

// version names what all assets hold, so that browsers may keep them for good.
// The modules import each other by relative paths and so stay of one version.
var version = func() string {
	digest := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(assets)) {
		digest.Write([]byte(name))
		digest.Write(assets[name])
	}
	return hex.EncodeToString(digest.Sum(nil))[:12]
}()

// asset is the address of one.
func asset(name string) string { return "/assets/" + version + "/" + name }

// kindOf is the media type of an asset; the machine's own table is not asked.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return "image/svg+xml"
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	data, ok := assets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	Header(w.Header())
	w.Header().Set("Content-Type", kindOf(name))
	if r.PathValue("version") == version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	// Whoever asked may be gone; there is nobody to tell.
	_, _ = w.Write(data)
}

func serveIcon(w http.ResponseWriter, r *http.Request) {
	r.SetPathValue("file", "icon.svg")
	serveAsset(w, r)
}
