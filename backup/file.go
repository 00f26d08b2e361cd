package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docketlog/docket/broker"
)

// A backup is one tar file, written in one pass: who made it and when; for each
// copy of a stream, its description and its content in parts; and last a list of
// the copies with a checksum. A file without its end is not a backup.
const (
	format     = 1
	nameBegin  = "docket-backup.json"
	nameEnd    = "docket-backup-end.json"
	nameStream = "stream.json"
	// partSize is the size of one part of a stream's content, and so what is
	// held in memory.
	partSize = 4 << 20
)

type beginning struct {
	Format  int       `json:"format"`
	Version string    `json:"version"`
	Began   time.Time `json:"began"`
}

// ending describes the content of a complete backup.
type ending struct {
	Ended time.Time `json:"ended"`
	// Streams are in the order in which they were copied. If a stream was
	// copied more than once, the last copy counts.
	Streams []stored `json:"streams"`
	// Sum is SHA-256 over the names, lengths and contents of all previous
	// entries, and over this one without the sum.
	Sum string `json:"sha256"`
}

// summed returns the sum of a file; sum covers everything before e.
func (e ending) summed(sum hash.Hash) (string, error) {
	e.Sum = ""
	text, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	addTo(sum, nameEnd, int64(len(text)))
	sum.Write(text)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// stored is one copy of a stream.
type stored struct {
	Stream string `json:"stream"`
	Copy   int    `json:"copy"`
	Bytes  int64  `json:"bytes"`
}

func (c stored) folder() string { return c.Stream + "/" + strconv.Itoa(c.Copy) }

func (c stored) entry(name string) string { return c.folder() + "/" + name }

// addTo adds an entry to the sum of a backup.
func addTo(sum hash.Hash, name string, length int64) { fmt.Fprintf(sum, "%s %d\n", name, length) }

// File is a backup that was read to its end and is complete.
type File struct {
	began beginning
	end   ending
	parts map[string][]*io.SectionReader // by the folder of the copy
	of    map[string]broker.Snapshot
}

// These are the reasons why a file is not a valid [File].
var (
	ErrNoBackup = errors.New("not a Docket backup")
	ErrCut      = errors.New("the backup is truncated: it was not finished or not copied completely")
	ErrDamaged  = errors.New("the backup is damaged: its checksum does not match")
	ErrNewer    = errors.New("the backup was made by a newer version of Docket")
)

// Open reads all of r, which holds size bytes, and succeeds only if it is a
// complete backup, unchanged since it was made. It fails with the errors above
// or with r's. Content of the file is read from r again; r still belongs to the
// caller.
func Open(r io.ReaderAt, size int64, progress Progress) (*File, error) {
	if progress == nil {
		progress = func(uint64, uint64) {}
	}
	all := io.NewSectionReader(r, 0, size)
	f := &File{parts: map[string][]*io.SectionReader{}, of: map[string]broker.Snapshot{}}
	entries, sum := tar.NewReader(all), sha256.New()
	for first := true; ; first = false {
		header, err := entries.Next()
		switch {
		case err != nil && first, err == nil && first && header.Name != nameBegin:
			return nil, ErrNoBackup
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, ErrCut
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		at, err := all.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		progress(uint64(at), uint64(size))
		if header.Size > size-at {
			// This includes a few bytes that claim to be endless zeros.
			return nil, ErrCut
		}
		if header.Name == nameEnd {
			if err := f.ends(entries, sum); err != nil {
				return nil, err
			}
			return f, nil
		}
		addTo(sum, header.Name, header.Size)
		if err := f.keep(header.Name, io.NewSectionReader(r, at, header.Size), io.TeeReader(entries, sum)); err != nil {
			return nil, err
		}
	}
}

// Began returns when the backup was begun.
func (f *File) Began() time.Time { return f.began.Began }

// keep stores the location of an entry and reads it once.
func (f *File) keep(name string, section *io.SectionReader, content io.Reader) error {
	var into any
	var of broker.Snapshot
	folder, base := path.Split(name)
	folder = strings.TrimSuffix(folder, "/")
	switch {
	case name == nameBegin:
		into = &f.began
	case base == nameStream:
		into = &of
	default:
		f.parts[folder] = append(f.parts[folder], section)
		return whole(io.Copy(io.Discard, content))
	}
	text, err := io.ReadAll(content)
	if err := whole(0, err); err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	if base == nameStream {
		f.of[folder] = of
	}
	if f.began.Format > format {
		return ErrNewer
	}
	return nil
}

// whole distinguishes a file that ends early from one that cannot be read.
func whole(_ int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCut
	}
	return err
}

// ends reads the end of the file and compares it with the content.
func (f *File) ends(entries *tar.Reader, sum hash.Hash) error {
	text, err := io.ReadAll(entries)
	if err := whole(0, err); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &f.end); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, nameEnd, err)
	}
	amounts, err := f.end.summed(sum)
	if err != nil {
		return err
	}
	if f.end.Sum != amounts {
		return ErrDamaged
	}
	for _, c := range f.end.Streams {
		var there int64
		for _, part := range f.parts[c.folder()] {
			there += part.Size()
		}
		if _, told := f.of[c.folder()]; !told || there != c.Bytes {
			return fmt.Errorf("%w: %s is incomplete", ErrDamaged, c.Stream)
		}
	}
	return nil
}

// streams returns the copies that count, in the order in which they were made.
func (f *File) streams() []stored {
	var list []stored
	for _, c := range f.end.Streams {
		list = slices.DeleteFunc(list, func(earlier stored) bool { return earlier.Stream == c.Stream })
		list = append(list, c)
	}
	return list
}

// content returns the description of a copy and its content.
func (f *File) content(c stored) (broker.Snapshot, io.Reader) {
	var parts []io.Reader
	for _, part := range f.parts[c.folder()] {
		parts = append(parts, io.NewSectionReader(part, 0, part.Size()))
	}
	return f.of[c.folder()], io.MultiReader(parts...)
}
