package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docketlog/docket/broker"
)

// A backup is one tar file, written in one go: who made it and when; for each
// copy of a stream what it is of and its content in parts; and last what all of
// it must amount to. One that lacks its end is no backup.
const (
	backupFormat = 1
	backupBegin  = "docket-backup.json"
	backupEnding = "docket-backup-end.json"
	backupStream = "stream.json"
	// backupPart is what one part of a stream's content holds, and so what is
	// held in memory.
	backupPart = 4 << 20
)

type backupBeginning struct {
	Format  int       `json:"format"`
	Version string    `json:"version"`
	Began   time.Time `json:"began"`
}

// backupEnd says what a whole backup holds.
type backupEnd struct {
	Ended time.Time `json:"ended"`
	// Streams are in the order in which they were copied. Of a stream that was
	// copied more than once, the last copy counts.
	Streams []backupCopy `json:"streams"`
	// Sum is SHA-256 over the names, lengths and contents of all that comes
	// before.
	Sum string `json:"sha256"`
}

// backupCopy is one copy of a stream.
type backupCopy struct {
	Stream string `json:"stream"`
	Copy   int    `json:"copy"`
	Bytes  int64  `json:"bytes"`
}

func (c backupCopy) entry(name string) string { return fmt.Sprintf("%s/%d/%s", c.Stream, c.Copy, name) }

// backupSum adds an entry to the sum of a backup.
func backupSum(sum hash.Hash, name string, length int64) { fmt.Fprintf(sum, "%s %d\n", name, length) }

// backupWriter writes a backup.
type backupWriter struct {
	tar *tar.Writer
	sum hash.Hash
	end backupEnd
}

func newBackupWriter(w io.Writer, version string, now time.Time) (*backupWriter, error) {
	b := &backupWriter{tar: tar.NewWriter(w), sum: sha256.New()}
	return b, b.json(backupBegin, backupBeginning{Format: backupFormat, Version: version, Began: now.UTC()})
}

func (b *backupWriter) json(name string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return b.entry(name, text)
}

func (b *backupWriter) entry(name string, content []byte) error {
	err := b.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600})
	if err == nil {
		_, err = b.tar.Write(content)
	}
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	backupSum(b.sum, name, int64(len(content)))
	b.sum.Write(content)
	return nil
}

// begin starts a copy of a stream; what is written to it until close is its
// content.
func (b *backupWriter) begin(stream string, s broker.Snapshot) (*backupContent, error) {
	c := &backupContent{to: b, copied: backupCopy{Stream: stream, Copy: 1}}
	for _, earlier := range b.end.Streams {
		if earlier.Stream == stream {
			c.copied.Copy = earlier.Copy + 1
		}
	}
	return c, b.json(c.copied.entry(backupStream), s)
}

// finish writes the end. The file is a backup from then on.
func (b *backupWriter) finish(now time.Time) error {
	b.end.Ended, b.end.Sum = now.UTC(), hex.EncodeToString(b.sum.Sum(nil))
	if err := b.json(backupEnding, b.end); err != nil {
		return err
	}
	if err := b.tar.Close(); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

// backupContent is the content of a copy that is being written.
type backupContent struct {
	to     *backupWriter
	copied backupCopy
	part   bytes.Buffer
	parts  int
}

func (c *backupContent) Write(p []byte) (int, error) {
	c.part.Write(p)
	if c.part.Len() < backupPart {
		return len(p), nil
	}
	return len(p), c.flush()
}

func (c *backupContent) flush() error {
	c.parts++
	c.copied.Bytes += int64(c.part.Len())
	err := c.to.entry(c.copied.entry(fmt.Sprintf("%06d", c.parts)), c.part.Bytes())
	c.part.Reset()
	return err
}

func (c *backupContent) close() error {
	if err := c.flush(); err != nil {
		return err
	}
	c.to.end.Streams = append(c.to.end.Streams, c.copied)
	return nil
}

// backupFile is a backup that was read to its end and is whole.
type backupFile struct {
	file  *os.File
	began backupBeginning
	end   backupEnd
	parts map[string][]io.Reader // by the copy's entry of no name
	of    map[string]broker.Snapshot
}

// Why a file cannot be restored from.
var (
	errNoBackup      = errors.New("this is no backup of Docket's")
	errBackupCut     = errors.New("the backup is cut short: it was not finished, or not copied whole")
	errBackupDamaged = errors.New("the backup is damaged: its content is not what was written")
	errBackupNewer   = errors.New("the backup was made by a newer version of Docket")
)

// openBackup reads the whole file and answers only if it is a backup, whole, and
// unchanged since it was made. progress is told how much of it was read. The
// caller closes it.
func openBackup(path string, progress func(done, total uint64)) (_ *backupFile, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("a backup is restored from a file, which is read twice: once to see that it is whole")
	}
	b := &backupFile{file: file, parts: map[string][]io.Reader{}, of: map[string]broker.Snapshot{}}
	entries, sum := tar.NewReader(file), sha256.New()
	for first := true; ; first = false {
		header, err := entries.Next()
		switch {
		case err != nil && first, err == nil && first && header.Name != backupBegin:
			return nil, errNoBackup
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errBackupCut
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errBackupDamaged, err)
		}
		at, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		progress(uint64(at), uint64(info.Size()))
		if header.Name == backupEnding {
			return b, b.close(entries, hex.EncodeToString(sum.Sum(nil)))
		}
		backupSum(sum, header.Name, header.Size)
		if err := b.keep(header.Name, io.NewSectionReader(file, at, header.Size), io.TeeReader(entries, sum)); err != nil {
			return nil, err
		}
	}
}

// keep remembers where an entry is and reads it once.
func (b *backupFile) keep(name string, section io.Reader, content io.Reader) error {
	var into any
	var of broker.Snapshot
	folder, base, _ := cutLast(name)
	switch {
	case name == backupBegin:
		into = &b.began
	case base == backupStream:
		into = &of
	default:
		b.parts[folder] = append(b.parts[folder], section)
		return whole(io.Copy(io.Discard, content))
	}
	text, err := io.ReadAll(content)
	if err := whole(0, err); err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %s: %w", errBackupDamaged, name, err)
	}
	if base == backupStream {
		b.of[folder] = of
	}
	if b.began.Format > backupFormat {
		return errBackupNewer
	}
	return nil
}

func cutLast(name string) (folder, base string, found bool) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// whole tells a file that ends early from one that cannot be read.
func whole(_ int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errBackupCut
	}
	return err
}

// close reads the end and compares.
func (b *backupFile) close(entries *tar.Reader, sum string) error {
	text, err := io.ReadAll(entries)
	if err := whole(0, err); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &b.end); err != nil {
		return fmt.Errorf("%w: %s: %w", errBackupDamaged, backupEnding, err)
	}
	if b.end.Sum != sum {
		return errBackupDamaged
	}
	return nil
}

// streams are the copies that count, in the order in which they were made.
func (b *backupFile) streams() []backupCopy {
	var list []backupCopy
	for _, c := range b.end.Streams {
		list = slices.DeleteFunc(list, func(earlier backupCopy) bool { return earlier.Stream == c.Stream })
		list = append(list, c)
	}
	return list
}

// content is what a copy is of and what is in it, to be read once.
func (b *backupFile) content(c backupCopy) (broker.Snapshot, io.Reader) {
	folder := c.Stream + "/" + strconv.Itoa(c.Copy)
	return b.of[folder], io.MultiReader(b.parts[folder]...)
}
