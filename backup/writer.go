package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/docketlog/docket/broker"
)

// writer writes a backup.
type writer struct {
	tar *tar.Writer
	sum hash.Hash
	end ending
}

func newWriter(to io.Writer, version string, now time.Time) (*writer, error) {
	w := &writer{tar: tar.NewWriter(to), sum: sha256.New()}
	return w, w.json(nameBegin, beginning{Format: format, Version: version, Began: now.UTC()})
}

func (w *writer) json(name string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return w.entry(name, text)
}

func (w *writer) entry(name string, content []byte) error {
	err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600})
	if err == nil {
		_, err = w.tar.Write(content)
	}
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	addTo(w.sum, name, int64(len(content)))
	w.sum.Write(content)
	return nil
}

// begin starts a copy of a stream; everything written to it until close is its
// content.
func (w *writer) begin(stream string, s broker.Snapshot) (*content, error) {
	c := &content{to: w, copied: stored{Stream: stream, Copy: 1}}
	for _, earlier := range w.end.Streams {
		if earlier.Stream == stream {
			c.copied.Copy = earlier.Copy + 1
		}
	}
	return c, w.json(c.copied.entry(nameStream), s)
}

// finish writes the end. From then on the file is a backup.
func (w *writer) finish(now time.Time) error {
	w.end.Ended = now.UTC()
	sum, err := w.end.summed(w.sum)
	if err != nil {
		return err
	}
	w.end.Sum = sum
	if err := w.json(nameEnd, w.end); err != nil {
		return err
	}
	if err := w.tar.Close(); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

// content is the content of a copy in progress.
type content struct {
	to     *writer
	copied stored
	part   bytes.Buffer
	parts  int
}

func (c *content) Write(p []byte) (int, error) {
	c.part.Write(p)
	if c.part.Len() < partSize {
		return len(p), nil
	}
	return len(p), c.flush()
}

func (c *content) flush() error {
	c.parts++
	c.copied.Bytes += int64(c.part.Len())
	err := c.to.entry(c.copied.entry(fmt.Sprintf("%06d", c.parts)), c.part.Bytes())
	c.part.Reset()
	return err
}

func (c *content) close() error {
	if err := c.flush(); err != nil {
		return err
	}
	c.to.end.Streams = append(c.to.end.Streams, c.copied)
	return nil
}
