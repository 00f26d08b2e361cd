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

// disk is a file system of its own, XFS in a file, that can lose its power.
type disk struct {
	t     testing.TB
	image string
	// at is where it is mounted.
	at string
}

// newDisk makes one for the length of the test. A machine on which nobody may
// mount anything skips the test, aloud.
func newDisk(t testing.TB) *disk {
	t.Helper()
	needPrograms(t, "mkfs.xfs", "xfs_io", "mount", "umount")
	folder := t.TempDir()
	d := &disk{t: t, image: filepath.Join(folder, "image"), at: filepath.Join(folder, "disk")}
	// The smallest that mkfs.xfs makes. The file is sparse.
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

// watch has a process of its own unmount the disk when the tests end in a way
// that runs no clean-up: it sees the end of a pipe.
func (d *disk) watch() {
	watcher := exec.Command("sh", "-c", `cat >/dev/null; umount -l "$1" 2>/dev/null`, "sh", d.at)
	ours, err := watcher.StdinPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what the terminal tells the tests is not for it
	if err := watcher.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = ours.Close()
		_ = watcher.Wait()
	})
}

func (d *disk) mount() error {
	// The loop device goes with the mount.
	out, err := exec.Command("mount", "-t", "xfs", "-o", "loop,nouuid", d.image, d.at).CombinedOutput()
	if err != nil {
		return errorOf(err, out)
	}
	return nil
}

// unmount takes the disk away, if it is there. Whoever uses it must have ended.
func (d *disk) unmount() {
	var last error
	for range 100 {
		out, err := exec.Command("umount", d.at).CombinedOutput()
		if err == nil || strings.Contains(string(out), "not mounted") {
			return
		}
		last = errorOf(err, out)
		time.Sleep(50 * time.Millisecond) // what was killed a moment ago still closes its files
	}
	d.t.Errorf("unmount: %v", last)
}

// cut takes the power from the disk: nothing is written to it any more, and
// what had not been synced is lost, which is most of what was written since. A
// disk that says it has written what is still in its own memory is not
// imitated.
func (d *disk) cut() {
	d.t.Helper()
	// Without -f, which would first flush the file system's own log.
	if out, err := exec.Command("xfs_io", "-x", "-c", "shutdown", d.at).CombinedOutput(); err != nil {
		d.t.Errorf("cut the power: %v", errorOf(err, out))
	}
	if err := os.WriteFile(filepath.Join(d.at, "probe"), nil, 0o600); err == nil {
		d.t.Error("the disk can be written after its power was cut")
	}
}

// restore is power on again: the file system recovers what it has.
func (d *disk) restore() {
	d.t.Helper()
	d.unmount()
	// What is recovered is a copy. A process elsewhere on this machine that has
	// inherited the mount, as containers do, keeps the old one in its dead
	// state, and mounting the same file again would give just that.
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
