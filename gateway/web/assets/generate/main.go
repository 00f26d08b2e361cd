// Command generate bundles, minifies and compresses the scripts and the style
// sheet of the pages. It is a separate module, so that Docket does not depend
// on its libraries. The same sources give the same bytes on every machine:
// go.sum pins the libraries, and none of them uses the clock or the number of
// processors.
//
// Usage: go run . SOURCE TARGET
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/klauspost/compress/gzip"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate SOURCE TARGET")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// packet is the number of bytes that fit into one packet, with the response
// headers.
const packet = 1000

// generate builds the files of target from those of source. It removes all
// other files from target.
func generate(source, target string) error {
	files, err := minified(source)
	if err != nil {
		return err
	}
	icon, err := os.ReadFile(filepath.Join(source, "icon.svg"))
	if err != nil {
		return err
	}
	files["icon.svg"] = icon
	written := maps.Clone(files)
	for name, content := range files {
		if len(content) < packet {
			continue // compression saves nothing
		}
		if written[name+".br"], err = brotlied(content); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if written[name+".gz"], err = gzipped(content); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	for name, content := range written {
		if err := os.WriteFile(filepath.Join(target, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// minified bundles all modules into one script and minifies the style sheet. It
// does not lower the syntax: the pages require browsers that support it.
func minified(source string) (map[string][]byte, error) {
	folder, err := filepath.Abs(source)
	if err != nil {
		return nil, err
	}
	built := api.Build(api.BuildOptions{
		AbsWorkingDir:     folder,
		EntryPoints:       []string{"scripts/app.js", "app.css"},
		EntryNames:        "[name]",
		Outdir:            folder,
		Bundle:            true,
		Format:            api.FormatESModule,
		Platform:          api.PlatformBrowser,
		Target:            api.ESNext,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelSilent,
	})
	var wrong []error
	for _, message := range append(built.Errors, built.Warnings...) {
		at := ""
		if message.Location != nil {
			at = fmt.Sprintf("%s:%d: ", message.Location.File, message.Location.Line)
		}
		wrong = append(wrong, errors.New(at+message.Text))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	files := make(map[string][]byte)
	for _, file := range built.OutputFiles {
		files[filepath.Base(file.Path)] = file.Contents
	}
	return files, nil
}

func brotlied(content []byte) ([]byte, error) {
	var b bytes.Buffer
	return compressed(&b, brotli.NewWriterLevel(&b, brotli.BestCompression), content)
}

func gzipped(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	return compressed(&b, w, content)
}

func compressed(b *bytes.Buffer, w io.WriteCloser, content []byte) ([]byte, error) {
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
