package markdown

import (
	"bytes"
	"html"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	ghtml "github.com/yuin/goldmark/renderer/html"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/web/shorthand"
)

// converter renders users' text: CommonMark with tables, task lists,
// strikethrough and bare links. It omits raw HTML, and its result is sanitized
// as well.
var converter = goldmark.New(
	goldmark.WithExtensions(bounds{}, extension.Table, extension.Strikethrough, extension.Linkify, extension.TaskList),
	goldmark.WithRendererOptions(ghtml.WithHardWraps()),
)

// policy is the HTML that is allowed: no images, which would reveal the reader
// to another site, and no ids and classes, which the page's own depend on.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowStandardURLs()
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowElements("p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li",
		"h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|right|center)$`)).OnElements("th", "td")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}()

// headings moves headings below the levels that the page uses.
var headings = strings.NewReplacer("<h1>", "<h3>", "</h1>", "</h3>", "<h2>", "<h4>", "</h2>", "</h4>", `<input checked="" disabled="" type="checkbox">`, "☑ ", `<input disabled="" type="checkbox">`, "☐ ")

// mentioned matches a mention as the log stores it.
var mentioned = regexp.MustCompile(`<@([0-9a-f-]{36})>`)

// mark replaces a mention while Markdown is rendered: private-use characters
// that nothing else produces.
const markBegin, markEnd = "\ue000", "\ue001"

// HTML returns text as HTML that is safe to show. Mentions show the name that
// name returns for the account. Text that cannot be rendered is shown as it is.
func HTML(text string, name func(uuid.UUID) string) string {
	text = strings.NewReplacer(markBegin, "", markEnd, "").Replace(text)
	text = mentioned.ReplaceAllString(text, markBegin+"$1"+markEnd)
	var out bytes.Buffer
	if laborious(text) || converter.Convert([]byte(text), &out) != nil {
		out.Reset()
		out.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>\n") + "</p>")
	}
	clean := policy.Sanitize(headings.Replace(out.String()))
	return mentionMark.ReplaceAllStringFunc(clean, func(m string) string {
		id, err := uuid.Parse(m[len(markBegin) : len(m)-len(markEnd)])
		if err != nil {
			return ""
		}
		return `<span class="mention">@` + html.EscapeString(name(id)) + `</span>`
	})
}

var mentionMark = regexp.MustCompile(markBegin + `[0-9a-f-]{36}` + markEnd)

// Plain returns text with mentions as handles, for output without HTML and for
// editing; [WithMentions] is the inverse.
func Plain(text string, person func(uuid.UUID) accounts.Person) string {
	return mentioned.ReplaceAllStringFunc(text, func(m string) string {
		id, err := uuid.Parse(m[2 : len(m)-1])
		if err != nil {
			return m
		}
		return "@" + shorthand.Handle(person(id).Name)
	})
}

var atHandle = regexp.MustCompile(`(^|[\s(\[>])@([\p{L}\p{N}_.-]+)`)

// WithMentions returns the text that a person wrote, with mentions of the
// project's members in the form the log stores: by id, since the log has no
// names.
func WithMentions(text string, members []accounts.Person) string {
	return atHandle.ReplaceAllStringFunc(text, func(m string) string {
		parts := atHandle.FindStringSubmatch(m)
		handle := strings.TrimRight(parts[2], ".-")
		p, ok := shorthand.Person(handle, members)
		if !ok {
			return m
		}
		return parts[1] + "<@" + p.ID.String() + ">" + parts[2][len(handle):]
	})
}
