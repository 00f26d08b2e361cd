package app

import (
	"log/slog"
	"os"
)

// privateFolder creates the folder if it does not exist, and takes other users'
// access to it away, even if it existed before. If it belongs to another user, such as
// a mounted volume, it stays as it is, and that others can read it is logged.
func privateFolder(path string, logger *slog.Logger) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(path, mode&0o700); err != nil && mode&0o007 != 0 {
		logger.Warn("other users of this machine can read the data folder", "folder", path, "mode", mode.String(), "err", err)
	}
	return nil
}
