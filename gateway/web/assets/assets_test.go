package assets

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The size limits of all scripts together and of the style sheet, in bytes as
// transferred to a browser that accepts compression.
const (
	maxScript = 40_000
	maxSheet  = 25_000
)

func TestAssetsAreSmall(t *testing.T) {
	t.Parallel()
	total := map[string]int{}
	for name, f := range files {
		travels := len(f.content[""])
		for _, e := range encodings {
			size, there := len(f.content[e.name]), f.content[e.name] != nil
			switch {
			case path.Ext(name) != ".svg" && !there:
				t.Errorf("%s is not there as %s", name, e.name)
			case there && (size == 0 || size >= len(f.content[""])):
				t.Errorf("%s has %d bytes as %s, %d without", name, size, e.name, len(f.content[""]))
			case e.name == "gzip" && there:
				travels = size // the larger one, which every browser accepts
			}
		}
		total[path.Ext(name)] += travels
		if len(f.content[""]) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	if total[".js"] >= maxScript || total[".css"] >= maxSheet {
		t.Errorf("%d bytes of script, %d of style", total[".js"], total[".css"])
	}
}

// TestAssetsLoadNothingElse searches for addresses of other sites.
func TestAssetsLoadNothingElse(t *testing.T) {
	t.Parallel()
	address := regexp.MustCompile(`(https?:)?//[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}[^\s'"]*|@import|\burl\((['"]?)[^)'"]`)
	for name, f := range files {
		data := string(f.content[""])
		for _, found := range address.FindAllString(data, -1) {
			if found != "http://www.w3.org/2000/svg" {
				t.Errorf("%s refers to %s", name, found)
			}
		}
		for _, bad := range []string{"eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "srcdoc"} {
			if strings.Contains(data, bad) {
				t.Errorf("%s uses %s", name, bad)
			}
		}
		// A page loads only one script.
		if strings.HasSuffix(name, ".js") {
			for _, from := range regexp.MustCompile(`(?:\bfrom|\bimport)\s*\(?["'`+"`"+`]([^"'`+"`"+`]+)["'`+"`"+`]`).FindAllStringSubmatch(data, -1) {
				t.Errorf("%s imports %s", name, from[1])
			}
		}
	}
}

// get requests a path; headers alternates names and values.
func get(t *testing.T, path string, headers ...string) *http.Response {
	t.Helper()
	mux := http.NewServeMux()
	page := func(h http.Header) { h.Set("Content-Security-Policy", "the pages'") }
	mux.HandleFunc(Pattern, Handler(page))
	mux.HandleFunc("GET /favicon.ico", IconHandler(page))
	r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w.Result()
}

func TestAssetsAreServed(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	for _, name := range Names() {
		r := get(t, URL(name))
		if want := kinds[path.Ext(name)]; r.StatusCode != 200 || r.Header.Get("Content-Type") != want || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") || r.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v", name, r.StatusCode, r.Header)
		}
		// A page of another version gets the current file and must not cache
		// it.
		if r := get(t, "/assets/another/"+name); r.StatusCode != 200 || r.Header.Get("Cache-Control") != "" {
			t.Errorf("%s of another version: %d %v", name, r.StatusCode, r.Header)
		}
	}
	folder := strings.TrimSuffix(URL("app.js"), "app.js")
	for _, path := range []string{folder + "nothing.js", folder + "app.js.br", folder + "%2e%2e%2fassets.go", folder + "..%5Cweb.go", folder + "app.js%00"} {
		if r := get(t, path); r.StatusCode != 404 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	if r := get(t, "/favicon.ico"); r.StatusCode != 200 || r.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the icon: %d %v", r.StatusCode, r.Header)
	}
}

// TestEncodingIsNegotiated requests the script as different clients do.
func TestEncodingIsNegotiated(t *testing.T) {
	t.Parallel()
	f := files["app.js"]
	for accept, want := range map[string]string{
		"": "", "gzip, deflate, br, zstd": "br", "gzip, deflate": "gzip", "GZIP": "gzip", "deflate": "", "identity": "", "*": "br",
		"br;q=0, gzip": "gzip", "br;q=0.5, gzip;q=0.8": "gzip", "br; q=0.5, gzip; q=0.5": "br", "*;q=0": "", "*;q=0, gzip": "gzip",
		"identity, gzip;q=0.5": "", "identity;q=0.2, gzip;q=0.5": "gzip", "identity;q=0": "", "br;q=x, gzip": "gzip", "br;q=2": "", ",, ;,br": "br",
	} {
		r := get(t, URL("app.js"), "Accept-Encoding", accept)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != 200 || r.Header.Get("Content-Encoding") != want || r.Header.Get("Vary") != "Accept-Encoding" || !bytes.Equal(body, f.content[want]) || r.Header.Get("Content-Length") != strconv.Itoa(len(body)) {
			t.Errorf("%q: %d, %d bytes, %v", accept, r.StatusCode, len(body), r.Header)
		}
	}
	if r := get(t, URL("app.js"), "Accept-Encoding", "gzip", "Accept-Encoding", "br"); r.Header.Get("Content-Encoding") != "br" {
		t.Errorf("two headers: %v", r.Header)
	}
}

// TestEachEncodingHasItsTag revalidates a file that the client has already.
func TestEachEncodingHasItsTag(t *testing.T) {
	t.Parallel()
	tags := map[string]bool{}
	for _, encoding := range []string{"identity", "gzip", "br"} {
		tag := get(t, URL("app.css"), "Accept-Encoding", encoding).Header.Get("ETag")
		if tag == "" || tags[tag] {
			t.Errorf("%s has the tag %s, others %v", encoding, tag, tags)
		}
		tags[tag] = true
		if r := get(t, URL("app.css"), "Accept-Encoding", encoding, "If-None-Match", tag); r.StatusCode != 304 || r.Header.Get("Vary") != "Accept-Encoding" || r.Header.Get("ETag") != tag {
			t.Errorf("%s again: %d %v", encoding, r.StatusCode, r.Header)
		}
		if r := get(t, URL("app.css"), "If-None-Match", tag, "Accept-Encoding", "deflate"); (r.StatusCode == 304) != (encoding == "identity") {
			t.Errorf("what is there as %s is asked for as it is: %d", encoding, r.StatusCode)
		}
	}
}

// TestGzipHoldsTheFile decompresses the form that the standard library
// supports. Browsers in other tests get the other one.
func TestGzipHoldsTheFile(t *testing.T) {
	t.Parallel()
	for name, f := range files {
		if f.content["gzip"] == nil {
			continue
		}
		r, err := gzip.NewReader(bytes.NewReader(f.content["gzip"]))
		if err != nil {
			t.Fatal(name, err)
		}
		if have, err := io.ReadAll(r); err != nil || !bytes.Equal(have, f.content[""]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
