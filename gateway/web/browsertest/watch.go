package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch collects the problems of a page.
type watch struct {
	origin  string
	ctx     context.Context
	dialogs sync.WaitGroup

	mu       sync.Mutex
	problems []string
	allowed  []string
	kinds    map[network.RequestID]network.ResourceType
	paths    map[network.RequestID]string
}

func newWatch(origin string, allowed []string) *watch {
	return &watch{
		origin: origin, allowed: slices.Clone(allowed),
		kinds: map[network.RequestID]network.ResourceType{}, paths: map[network.RequestID]string{},
	}
}

func (w *watch) allow(parts []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed = append(w.allowed, parts...)
}

// unexpected returns the problems that are not allowed, without duplicates.
func (w *watch) unexpected() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, problem := range w.problems {
		allowed := slices.ContainsFunc(w.allowed, func(part string) bool { return strings.Contains(problem, part) })
		if !allowed && !slices.Contains(all, problem) {
			all = append(all, problem)
		}
	}
	return all
}

func (w *watch) report(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// see is called with every event of the tab, in order, and must not block.
func (w *watch) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *audits.EventIssueAdded:
		if e.Issue.Details == nil || e.Issue.Details.ContentSecurityPolicyIssueDetails == nil {
			return
		}
		d := e.Issue.Details.ContentSecurityPolicyIssueDetails
		at := ""
		if l := d.SourceCodeLocation; l != nil {
			at = fmt.Sprintf(" at %s:%d", l.URL, l.LineNumber+1)
		}
		w.report("content security policy: %s violated by %s %s%s", d.ViolatedDirective, d.ContentSecurityPolicyViolationType, d.BlockedURL, at)
	case *log.EventEntryAdded:
		// Error responses are judged when the response is received.
		answered := e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "the server responded with a status of")
		if e.Entry.Level == log.EntryLevelError && !answered {
			w.report("console error (%s): %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			w.report("console error: %s", said(e.Args))
		}
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		text := d.Text
		if d.Exception != nil && d.Exception.Description != "" {
			text += " " + d.Exception.Description
		} else if d.Exception != nil {
			text += " " + string(d.Exception.Value)
		}
		w.report("uncaught exception: %s at %s:%d", text, d.URL, d.LineNumber+1)
	case *network.EventRequestWillBeSent:
		w.kinds[e.RequestID], w.paths[e.RequestID] = e.Type, e.Request.Method+" "+e.Request.URL
		w.asked(e.Request.URL)
	case *network.EventWebSocketCreated:
		w.asked(e.URL)
	case *network.EventResponseReceived:
		switch {
		case e.Response.Status >= 500:
			w.report("status %d: %s", e.Response.Status, w.paths[e.RequestID])
		case e.Response.Status >= 400 && part(e.Type):
			w.report("a part of the page is not there: status %d: %s", e.Response.Status, w.paths[e.RequestID])
		}
	case *network.EventLoadingFailed:
		if !e.Canceled && part(e.Type) {
			w.report("a part of the page does not load: %s%s: %s", e.ErrorText, blocked(e), w.paths[e.RequestID])
		}
	case *page.EventJavascriptDialogOpening:
		w.report("a script put up a dialog: %s: %s", e.Type, e.Message)
		// The page is blocked until the dialog is answered.
		w.dialogs.Go(func() {
			_, _ = chromedp.Call(w.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		})
	}
}

func blocked(e *network.EventLoadingFailed) string {
	if e.BlockedReason == "" {
		return ""
	}
	return " (" + string(e.BlockedReason) + ")"
}

// part reports whether a page is incomplete without this resource. A refused
// document is a response shown to the user, and scripts handle the failures of
// their own requests.
func part(kind network.ResourceType) bool {
	switch kind {
	case network.ResourceTypeStylesheet, network.ResourceTypeScript, network.ResourceTypeImage, network.ResourceTypeFont, network.ResourceTypeMedia, network.ResourceTypeManifest:
		return true
	}
	return false
}

func (w *watch) asked(address string) {
	u, err := url.Parse(address)
	if err != nil {
		w.report("request to another origin: %s", address)
		return
	}
	switch u.Scheme {
	case "http", "https":
		if u.Scheme+"://"+u.Host != w.origin {
			w.report("request to another origin: %s", address)
		}
	case "ws", "wss":
		if "http"+strings.TrimPrefix(u.Scheme, "ws")+"://"+u.Host != w.origin {
			w.report("request to another origin: %s", address)
		}
	}
}

// said formats the arguments of a console call.
func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		if a.Description != "" {
			words = append(words, a.Description)
		} else {
			words = append(words, strings.Trim(string(a.Value), `"`))
		}
	}
	return strings.Join(words, " ")
}
