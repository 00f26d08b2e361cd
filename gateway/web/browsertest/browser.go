package browsertest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// TB is the subset of testing.TB that the package uses.
type TB interface {
	Helper()
	Cleanup(f func())
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skip(args ...any)
}

// shared is the one browser of the test binary.
var shared browser

type browser struct {
	mu     sync.Mutex
	inRun  bool
	ctx    context.Context
	cancel []func()
	agent  string
	err    error
}

// Run runs the tests and then ends the browser they used, with all its
// processes and files. A package's TestMain exits with its result.
func Run(m *testing.M) int {
	shared.mu.Lock()
	shared.inRun = true
	shared.mu.Unlock()
	defer shared.stop()
	return m.Run()
}

// required returns the value of a variable. If it is not set, the test is
// skipped with a message; under DOCKET_TEST_REQUIRE it fails instead.
func required(t TB, name, what string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatalf("%s is not set", name)
		}
		t.Skip("SKIPPED: no " + what + "; set " + name + " or run make test")
	}
	return value
}

// start returns the context of the browser, and starts the browser if it is not
// running.
func (b *browser) start(t TB) context.Context {
	t.Helper()
	path := required(t, "DOCKET_TEST_CHROMIUM", "browser")
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.inRun {
		t.Fatalf("nobody would end the browser: TestMain must use browsertest.Run")
	}
	if b.ctx == nil && b.err == nil {
		b.err = b.launch(path)
	}
	if b.err != nil {
		t.Fatalf("start %s: %v", path, b.err)
	}
	return b.ctx
}

func (b *browser) launch(path string) error {
	// Chromium leaves files in the home and temporary directories.
	home, err := os.MkdirTemp("", "docket-browser-")
	if err != nil {
		return err
	}
	b.cancel = append(b.cancel, func() { _ = os.RemoveAll(home) })
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// One user's windows must not slow another's.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,CalculateNativeWinOcclusion"),
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "TMPDIR="+home),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	b.cancel = append(b.cancel, cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	b.cancel = append(b.cancel, cancel)
	// The browser ends with the context it is started with, so the context has
	// no deadline.
	if b.agent, err = chromedp.Run(ctx, chromedp.Evaluate[string]("navigator.userAgent")); err != nil {
		return err
	}
	b.ctx = ctx
	return nil
}

func (b *browser) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx != nil {
		ctx, cancel := context.WithTimeout(b.ctx, Timeout)
		if err := chromedp.Cancel(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "browsertest: end the browser:", err)
		}
		cancel()
	}
	for i := len(b.cancel) - 1; i >= 0; i-- {
		b.cancel[i]()
	}
	b.ctx, b.cancel, b.inRun = nil, nil, false
}
