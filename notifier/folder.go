package notifier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wneessen/go-mail"
)

// folder stores mails as files instead of sending them.
type folder struct{ path string }

func newFolder(path string) (*folder, error) {
	if path == "" {
		return nil, errors.New("a mail folder is required without an SMTP server")
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("mail folder: %w", err)
	}
	return &folder{path}, nil
}

// deliver writes the mail to a file. When it returns, the file is either
// complete and synced, or absent. Names sort by the event's time and are
// derived from event and recipient, so that a retry overwrites the first file.
func (f *folder) deliver(_ context.Context, s *story, to Person, m *mail.Msg) (Outcome, error) {
	name := s.envelope.Time.Format("20060102T150405.000000Z") + "-" + noticeID(s.envelope.ID, to.ID) + ".eml"
	if err := f.write(name, m); err != nil {
		return "", fmt.Errorf("write mail file: %w", err)
	}
	return Kept, nil
}

func (f *folder) write(name string, m *mail.Msg) error {
	// The name does not match *.eml until the file is complete, and is unique
	// for each notifier.
	file, err := os.CreateTemp(f.path, ".*.tmp")
	if err != nil {
		return err
	}
	_, err = m.WriteTo(file)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(f.path, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	dir, err := os.Open(f.path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
