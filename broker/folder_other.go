//go:build !unix

package broker

import (
	"fmt"
	"os"
	"path/filepath"
)

// lock locks the folder for this process until unlock is called or the process
// ends: an open file cannot be removed here.
func lock(dir string) (unlock func(), err error) {
	name := filepath.Join(dir, "lock")
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: %s is locked; stop the process or choose another folder", ErrInUse, dir)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrInUse, dir, err)
	}
	return func() {
		f.Close()
		os.Remove(name)
	}, nil
}

// freeDisk returns a terabyte, as nats-server assumes where it cannot determine
// the free space.
func freeDisk(string) (int64, error) { return 1 << 40, nil }
