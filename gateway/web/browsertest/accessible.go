package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeRules are the sets of rules that a page must follow.
var axeRules = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}

var axeSource = sync.OnceValues(func() ([]byte, error) { return os.ReadFile(os.Getenv("DOCKET_TEST_AXE")) })

// Accessible fails the test for every axe-core rule that the page violates in
// its current state, after animations have ended: WCAG 2.0 to 2.2 at levels A
// and AA, and best practices. The named rules are skipped.
func (p *Page) Accessible(without ...string) {
	p.t.Helper()
	required(p.t, "DOCKET_TEST_AXE", "axe-core")
	source, err := axeSource()
	if err != nil {
		p.t.Fatalf("axe-core: %v", err)
	}
	found, err := p.axe(string(source), without)
	if err != nil {
		p.fatal("axe-core: %v", err)
	}
	for _, v := range found {
		var at []string
		for _, n := range v.Nodes {
			at = append(at, "  "+strings.Join(n.Target, " ")+": "+strings.ReplaceAll(n.FailureSummary, "\n", " "))
		}
		p.t.Errorf("accessibility: %s (%s): %s\n%s\nat %s", v.ID, v.Impact, v.Help, strings.Join(at, "\n"), p.URL())
	}
}

type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []string
		FailureSummary string
	}
}

// axe runs in an isolated world, to which the page's policy does not apply and
// whose names the page does not see.
func (p *Page) axe(source string, without []string) ([]violation, error) {
	ctx, cancel := context.WithTimeout(p.ctx, 3*Timeout)
	defer cancel()
	if p.settings.noScript {
		// The page's scripts were skipped when it loaded, and stay so.
		set := func(disabled bool) error {
			_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: disabled})
			return err
		}
		if err := set(false); err != nil {
			return nil, err
		}
		defer func() { _ = set(true) }()
	}
	tree, err := call(p, page.GetFrameTree, struct{}{})
	if err != nil {
		return nil, err
	}
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.Frame.ID, WorldName: "axe"})
	if err != nil {
		return nil, err
	}
	in := func(params *runtime.EvaluateParams) { params.ContextID = world.ExecutionContextID }
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](source, in)); err != nil {
		return nil, err
	}
	tags, err := json.Marshal(axeRules)
	if err != nil {
		return nil, err
	}
	off := map[string]any{}
	for _, rule := range without {
		off[rule] = map[string]bool{"enabled": false}
	}
	rules, err := json.Marshal(off)
	if err != nil {
		return nil, err
	}
	// The contrast of half-faded text is meaningless.
	script := fmt.Sprintf(`(async () => {
		const finite = document.getAnimations().filter(a => a.playState === "running" && Number.isFinite(a.effect?.getComputedTiming().endTime));
		await Promise.allSettled(finite.map(a => a.finished));
		const result = await axe.run(document, {runOnly: {type: "tag", values: %s}, rules: %s, resultTypes: ["violations"], iframes: false});
		return result.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => ({target: n.target.map(String), failureSummary: n.failureSummary}))}));
	})()`, tags, rules)
	return chromedp.Run(ctx, chromedp.Evaluate[[]violation](script, chromedp.EvalAwaitPromise, in))
}
