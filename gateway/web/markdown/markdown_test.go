package markdown

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"github.com/docketlog/docket/gateway/web/teamtest"
)

func name(id uuid.UUID) string { return teamtest.Person(id).Name }

func TestHTML(t *testing.T) {
	t.Parallel()
	at := "<@" + teamtest.Jun.ID.String() + ">"
	for text, want := range map[string]string{
		"**a** *b* ~~c~~ `d`":                  "<p><strong>a</strong> <em>b</em> <del>c</del> <code>d</code></p>",
		"a\nb":                                 "<p>a<br>\nb</p>",
		"# big":                                "<h3>big</h3>",
		"<b>raw</b> <!-- x -->":                "<p>raw </p>",
		"- [x] done\n- [ ] open":               "<ul>\n<li>☑  done</li>\n<li>☐  open</li>\n</ul>",
		"Ask " + at + "!":                      `<p>Ask <span class="mention">@Jun Lee</span>!</p>`,
		"`" + at + "`":                         `<p><code><span class="mention">@Jun Lee</span></code></p>`,
		"<@" + teamtest.June.ID.String() + ">": `<p><span class="mention">@June &lt;b&gt;Ray&lt;/b&gt;</span></p>`,
		"\ue000" + teamtest.Jun.ID.String() + "\ue001": "<p>" + teamtest.Jun.ID.String() + "</p>",
		"![a picture](https://example.org/x.png)":      "<p></p>",
		"[x](javascript:alert(1))":                     "<p>x</p>",
		"5 < 6 & 7":                                    "<p>5 &lt; 6 &amp; 7</p>",
		"":                                             "",
	} {
		if got := strings.TrimSuffix(HTML(text, name), "\n"); got != want {
			t.Errorf("%q is\n%s\nwant\n%s", text, got, want)
		}
	}
	link := HTML("https://example.org/a?b=c", name)
	for _, want := range []string{`href="https://example.org/a?b=c"`, "nofollow", "noreferrer", "noopener", `target="_blank"`} {
		if !strings.Contains(link, want) {
			t.Errorf("a link has no %s: %s", want, link)
		}
	}
}

// TestMentionsThroughEditing formats text with mentions for editing, and parses
// it back.
func TestMentionsThroughEditing(t *testing.T) {
	t.Parallel()
	for _, p := range teamtest.Team[:4] {
		stored := "Ask <@" + p.ID.String() + ">, then go."
		shown := Plain(stored, teamtest.Person)
		if strings.Contains(shown, p.ID.String()) || !strings.Contains(shown, "@") {
			t.Errorf("%s is edited as %q", p.Name, shown)
		}
		if got := WithMentions(shown, teamtest.Team); got != stored {
			t.Errorf("%q comes back as %q", shown, got)
		}
	}
	for text, want := range map[string]string{
		"mail me@jun.example": "mail me@jun.example", "@nobody": "@nobody", "@ju": "@ju", "(@jun)": "(<@" + teamtest.Jun.ID.String() + ">)",
		"@jun.": "<@" + teamtest.Jun.ID.String() + ">.", "@jun @mina": "<@" + teamtest.Jun.ID.String() + "> <@" + teamtest.Mina.ID.String() + ">", "@jl": "<@" + teamtest.Jun.ID.String() + ">", "@": "@", "@@jun": "@@jun",
	} {
		if got := WithMentions(text, teamtest.Team); got != want {
			t.Errorf("%q is kept as %q, want %q", text, got, want)
		}
	}
}

var allowedTags = regexp.MustCompile(`^(p|br|hr|em|strong|del|code|pre|blockquote|ul|ol|li|h3|h4|h5|h6|table|thead|tbody|tr|th|td|a|span)$`)

// safe fails the test if the rendered HTML can do anything but be read.
func safe(t *testing.T, text, out string) {
	t.Helper()
	for tokens := html.NewTokenizer(strings.NewReader(out)); ; {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return
		}
		token := tokens.Token()
		if kind == html.CommentToken || kind == html.DoctypeToken {
			t.Errorf("%q has %s in it:\n%s", text, token, out)
		}
		if kind != html.StartTagToken && kind != html.EndTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		if !allowedTags.MatchString(token.Data) {
			t.Errorf("%q has %s in it:\n%s", text, token, out)
		}
		for _, a := range token.Attr {
			switch a.Key {
			case "href":
				address := strings.ToLower(strings.TrimSpace(a.Val))
				scheme, _, found := strings.Cut(address, ":")
				if found && !strings.ContainsAny(scheme, "/?#") && scheme != "http" && scheme != "https" && scheme != "mailto" {
					t.Errorf("%q leads to %q", text, a.Val)
				}
			case "rel", "target", "align", "start":
			case "class":
				if a.Val != "mention" || token.Data != "span" {
					t.Errorf("%q has the class %q", text, a.Val)
				}
			default:
				t.Errorf("%q has %s=%q in it", text, a.Key, a.Val)
			}
		}
	}
}

func FuzzHTML(f *testing.F) {
	at := "<@" + teamtest.Jun.ID.String() + ">"
	for _, text := range []string{
		"<script>alert(1)</script>", "[x](javascript:alert(1))", "[x](JaVa\tScript:alert(1))", "<javascript:alert(1)>", "![x](data:text/html,x)", `[x](http://a "onclick=alert(1)")`, "[x](&#106;avascript:alert(1))",
		"<img src=x onerror=alert(1)>", "[a](<" + at + ">)", "http://e/" + at, "[" + at + "](http://e/" + at + ")", "&#xe000;" + teamtest.June.ID.String() + "&#xe001;", "[x](http://e/&#xe000;" + teamtest.June.ID.String() + "&#xe001;)",
		"<a href=\"&#xe000;" + teamtest.June.ID.String() + "&#xe001;\">", "| a |\n|:-:|\n| <b onclick=x> |", "1000. x", "```js\" onload=x\n<script>\n```", "<http://e/\"onclick=x>", "[x]: javascript:x\n[x]", "www.e.org/\"><script>",
		"\ue000\ue001", "<@<@" + at, "&lt;script&gt;", "<div><style>x", "* <input type=checkbox checked>", "[x](//evil)", "[x](vbscript:x)", "mailto:a@b?onclick=x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		safe(t, text, HTML(text, name))
		HTML(Plain(text, teamtest.Person), name)
		WithMentions(text, teamtest.Team)
	})
}
