package faults

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// disk is a separate file system, XFS in a file, that can lose power.
type disk struct {
	t     testing.TB
	image string
	// at is the mount point.
	at string
}

// newDisk creates a disk for the duration of the test. Without permission to
// mount, the test is skipped with a message.
func newDisk(t testing.TB) *disk {
	t.Helper()
	needPrograms(t, "mkfs.xfs", "xfs_io", "mount", "umount")
	folder := t.TempDir()
	d := &disk{t: t, image: filepath.Join(folder, "image"), at: filepath.Join(folder, "disk")}
	// This is the minimum size for mkfs.xfs. The file is sparse.
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.image, 320<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.at, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.xfs", "-q", d.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.xfs: %v: %s", err, out)
	}
	d.watch()
	if err := d.mount(); err != nil {
		t.Skipf("SKIPPED: this machine lets nobody mount a file as a disk: %v", err)
	}
	t.Cleanup(d.unmount)
	return d
}

// watch starts a process that unmounts the disk if the tests end without
// running their clean-up: it notices the end of a pipe.
func (d *disk) watch() {
	watcher := exec.Command("sh", "-c", `cat >/dev/null; umount -l "$1" 2>/dev/null`, "sh", d.at)
	ours, err := watcher.StdinPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's signals to the tests must not reach it
	if err := watcher.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = ours.Close()
		_ = watcher.Wait()
	})
}

func (d *disk) mount() error {
	// The loop device is released with the mount.
	out, err := exec.Command("mount", "-t", "xfs", "-o", "loop,nouuid", d.image, d.at).CombinedOutput()
	if err != nil {
		return errorOf(err, out)
	}
	return nil
}

// unmount unmounts the disk if it is mounted. All its users must have ended.
func (d *disk) unmount() {
	var last error
	for range 100 {
		out, err := exec.Command("umount", d.at).CombinedOutput()
		if err == nil || strings.Contains(string(out), "not mounted") {
			return
		}
		last = errorOf(err, out)
		time.Sleep(50 * time.Millisecond) // a process killed just now is still closing its files
	}
	d.t.Errorf("unmount: %v", last)
}

// cut simulates a power failure of the disk: writes stop, and data that was not
// synced is lost, which is most of what was written since the last sync. It
// does not simulate a disk that acknowledges writes from its volatile cache.
func (d *disk) cut() {
	d.t.Helper()
	// Without -f, which would first flush the file system's log.
	if out, err := exec.Command("xfs_io", "-x", "-c", "shutdown", d.at).CombinedOutput(); err != nil {
		d.t.Errorf("cut the power: %v", errorOf(err, out))
	}
	if err := os.WriteFile(filepath.Join(d.at, "probe"), nil, 0o600); err == nil {
		d.t.Error("the disk can be written after its power was cut")
	}
}

// restore turns the power on again: the file system recovers its data.
func (d *disk) restore() {
	d.t.Helper()
	d.unmount()
	// Recover a copy of the image. A process elsewhere on this machine that
	// inherited the mount, as containers do, keeps the old file system in its
	// dead state, and mounting the same file again would return that.
	after := d.image + "+"
	if out, err := exec.Command("cp", "--sparse=always", d.image, after).CombinedOutput(); err != nil {
		d.t.Fatalf("copy the image: %v", errorOf(err, out))
	}
	if err := os.Remove(d.image); err != nil {
		d.t.Fatal(err)
	}
	d.image = after
	if err := d.mount(); err != nil {
		d.t.Fatalf("mount after the cut: %v", err)
	}
}
