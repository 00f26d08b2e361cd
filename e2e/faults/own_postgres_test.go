package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// ownPostgres is a Postgres server that a test may kill, separate from the one
// that all tests share.
type ownPostgres struct {
	t      testing.TB
	bin    string
	folder string
	port   int
	as     *syscall.Credential
	cmd    *exec.Cmd
}

// startOwnPostgres starts a separate server. If Postgres is not installed the
// test is skipped with a message; under `make test` it fails instead.
func startOwnPostgres(t testing.TB) *ownPostgres {
	t.Helper()
	sqltest.PostgresURL(t) // skips or fails without Postgres
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		t.Fatal("no Postgres binaries below /usr/lib/postgresql, though DOCKET_TEST_POSTGRES is set")
	}
	slices.Sort(found)
	folder, err := os.MkdirTemp("", "docket-postgres-") //nolint:usetesting // the tests' own folder lets no other user in, and Postgres will not run as root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	p := &ownPostgres{t: t, bin: filepath.Dir(found[len(found)-1]), folder: filepath.Join(folder, "data")}
	if os.Getuid() == 0 { // Postgres refuses to run as root
		who, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.ParseUint(who.Uid, 10, 32)
		gid, _ := strconv.ParseUint(who.Gid, 10, 32)
		p.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(folder, int(uid), int(gid)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := p.command("initdb", "-D", p.folder, "-U", "docket", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	if _, err := fmt.Sscanf(testkit.FreeAddress(t), "127.0.0.1:%d", &p.port); err != nil {
		t.Fatal(err)
	}
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *ownPostgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir = filepath.Dir(p.folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as, Setpgid: true}
	return cmd
}

// start starts the server and waits until it answers.
func (p *ownPostgres) start() {
	p.t.Helper()
	p.cmd = p.command("postgres", "-D", p.folder, "-c", "listen_addresses=127.0.0.1", "-p", strconv.Itoa(p.port),
		"-c", "unix_socket_directories=", "-c", "max_connections=100")
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	testkit.Eventually(p.t, "Postgres to start", func() (error, bool) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		connection, err := pgx.Connect(ctx, p.url())
		if err != nil {
			time.Sleep(testkit.Pause)
			return err, false
		}
		_ = connection.Close(ctx)
		return nil, true
	})
}

// kill ends the server and all its processes at once, as a power failure would.
func (p *ownPostgres) kill() {
	if p.cmd == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.cmd.Wait()
	p.cmd = nil
}

func (p *ownPostgres) url() string {
	return fmt.Sprintf("postgres://docket@127.0.0.1:%d/postgres?sslmode=disable", p.port)
}
