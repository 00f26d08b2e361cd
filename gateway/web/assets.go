package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

// assets are served as they lie here: there is no build step.
//
//go:embed assets
var assets embed.FS

// version names what all assets hold, so that browsers may keep them for good.
// The modules import each other by relative paths and so stay of one version.
var version = func() string {
	digest := sha256.New()
	err := fs.WalkDir(assets, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := assets.ReadFile(name)
		digest.Write(data)
		return err
	})
	if err != nil {
		panic(err) // they are part of the program
	}
	return hex.EncodeToString(digest.Sum(nil))[:12]
}()

// asset is the address of one.
func asset(name string) string { return "/assets/" + version + "/" + name }

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	data, err := assets.ReadFile("assets/" + path.Base(name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	Header(w.Header())
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
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
