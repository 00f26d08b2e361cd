package web

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
)

// markdown renders what people write: CommonMark with tables, task lists,
// strikethrough and bare links. Raw HTML is not passed on, and what comes out
// is cleaned all the same.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify, extension.TaskList),
	goldmark.WithRendererOptions(ghtml.WithHardWraps()),
)

// policy is the HTML that may come out: no images, which would tell another
// site who reads, no ids and classes, which the page's own rest on.
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

// headings are moved down below the page's own.
var headings = strings.NewReplacer("<h1>", "<h3>", "</h1>", "</h3>", "<h2>", "<h4>", "</h2>", "</h4>", `<input checked="" disabled="" type="checkbox">`, "☑ ", `<input disabled="" type="checkbox">`, "☐ ")

// mentioned is a mention as the log holds it.
var mentioned = regexp.MustCompile(`<@([0-9a-f-]{36})>`)

// mark stands for a mention while Markdown is rendered: private characters that
// nothing else produces.
const markBegin, markEnd = "\ue000", "\ue001"

// rich is text as HTML that is safe to show.
func (v *view) rich(text string) string {
	text = strings.NewReplacer(markBegin, "", markEnd, "").Replace(text)
	text = mentioned.ReplaceAllString(text, markBegin+"$1"+markEnd)
	var out bytes.Buffer
	if err := markdown.Convert([]byte(text), &out); err != nil {
		return "<p>" + html.EscapeString(text) + "</p>"
	}
	clean := policy.Sanitize(headings.Replace(out.String()))
	return mentionMark.ReplaceAllStringFunc(clean, func(m string) string {
		id, err := uuid.Parse(m[len(markBegin) : len(m)-len(markEnd)])
		if err != nil {
			return ""
		}
		return `<span class="mention">@` + html.EscapeString(v.personName(id)) + `</span>`
	})
}

var mentionMark = regexp.MustCompile(markBegin + `[0-9a-f-]{36}` + markEnd)

// plainText is text with mentions as names, for where there is no HTML and for
// people to edit.
func (v *view) plainText(text string) string {
	return mentioned.ReplaceAllStringFunc(text, func(m string) string {
		id, err := uuid.Parse(m[2 : len(m)-1])
		if err != nil {
			return m
		}
		return "@" + handleOf(v.web.person(id))
	})
}

// handleOf is what one writes after @ to mean somebody: the name without what
// would end the word.
func handleOf(p accounts.Person) string {
	return notHandle.ReplaceAllString(p.Name, "")
}

var (
	notHandle = regexp.MustCompile(`[^\p{L}\p{N}_.-]+`)
	atHandle  = regexp.MustCompile(`(^|[\s(\[>])@([\p{L}\p{N}_.-]+)`)
)

// withMentions is what somebody wrote with the mentions of the project's
// members as the log holds them: by id, since the log names nobody.
func withMentions(text string, members []accounts.Person) string {
	return atHandle.ReplaceAllStringFunc(text, func(m string) string {
		parts := atHandle.FindStringSubmatch(m)
		handle := strings.TrimRight(parts[2], ".-")
		p, ok := findPerson(handle, members)
		if !ok {
			return m
		}
		return parts[1] + "<@" + p.ID.String() + ">" + parts[2][len(handle):]
	})
}

// findPerson is the one member a handle stands for: by whole name, by the first
// part of an address, by first name if no other has it, or by the beginning of a
// name if no other begins so.
func findPerson(handle string, members []accounts.Person) (accounts.Person, bool) {
	handle = strings.ToLower(handle)
	var first, begins []accounts.Person
	for _, p := range members {
		if p.Erased {
			continue
		}
		mine := strings.ToLower(handleOf(p))
		mailbox, _, _ := strings.Cut(p.Email, "@")
		if mine == handle || mailbox == handle {
			return p, true
		}
		name, _, _ := strings.Cut(strings.ToLower(p.Name), " ")
		if handle != "" && notHandle.ReplaceAllString(name, "") == handle {
			first = append(first, p)
		}
		if handle != "" && strings.HasPrefix(mine, handle) {
			begins = append(begins, p)
		}
	}
	if len(first) == 1 {
		return first[0], true
	}
	if len(begins) == 1 {
		return begins[0], true
	}
	return accounts.Person{}, false
}
