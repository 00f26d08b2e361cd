package browsertest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/page"
)

// Screenshot writes a picture of the page to .artefacts/screenshots of the
// repository, as name.png.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	shot := p.Picture()
	root, err := os.Getwd()
	for ; err == nil; root = filepath.Dir(root) {
		if _, missing := os.Stat(filepath.Join(root, "go.mod")); missing == nil {
			break
		}
		if root == filepath.Dir(root) {
			err = os.ErrNotExist
		}
	}
	file := filepath.Join(root, ".artefacts", "screenshots", name+".png")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, shot, 0o644)
	}
	if err != nil {
		p.t.Fatalf("screenshot %s: %v", name, err)
	}
}

// Picture returns a picture of the page, as PNG.
func (p *Page) Picture() []byte {
	p.t.Helper()
	shot, err := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err != nil {
		p.fatal("screenshot: %v", err)
	}
	return shot.Data
}
