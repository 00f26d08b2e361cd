package markdown

import (
	"strings"
	"testing"
)

// filled returns before, followed by as many repetitions of text as fit into
// 64 kB, the longest description.
func filled(before, text string) string {
	return before + strings.Repeat(text, (64<<10-len(before))/len(text))
}

// TestHTMLIsInProportionToTheText renders texts whose HTML, or the time to parse
// them, would grow with the square of their length: gigabytes or minutes. It ends
// by the timeout of the tests if a bound on the time is missing.
func TestHTMLIsInProportionToTheText(t *testing.T) {
	t.Parallel()
	steps := ""
	for i := 0; len(steps) < 64<<10; i++ {
		steps += strings.Repeat(" ", 2*i) + "- a\n"
	}
	for what, text := range map[string]string{
		"rows filled up to a wide header":      filled(strings.Repeat("|a", 8<<10)+"|\n"+strings.Repeat("|-", 8<<10)+"|\n", "a\n"),
		"rows filled up to a less wide header": filled(strings.Repeat("|a", 32)+"|\n"+strings.Repeat("|-", 32)+"|\n", "a\n"),
		"one long address used often":          filled("[a]: http://x/"+strings.Repeat("y", 32<<10)+"\n\n", "[a] "),
		"one long title used often":            filled("[a]: /x \""+strings.Repeat("y", 32<<10)+"\"\n\n", "[a] "),
		"one deep quotation":                   filled("", "> "),
		"a deep quotation of many lines":       filled(strings.Repeat(">", 16<<10)+"a\n", "a\n"),
		"many deep quotations":                 filled("", strings.Repeat("> ", 256)+"a\n\n"),
		"a deep list":                          steps,
		"open brackets":                        filled("", "["),
		"nested brackets":                      filled(filled("", "[")[:32<<10], "]"),
		"open links":                           filled("", "[a]("),
		"open links on many lines":             filled("", "[a](b\n"),
		"open images":                          filled("", "![a]("),
		"open emphasis":                        filled("", "*a **b "),
		"open code":                            filled("", "`a ``b "),
		"open tags":                            filled("", "<a "),
		"addresses":                            filled("", "http://a.b "),
	} {
		if out := HTML(text, name); len(out) > 25*len(text) {
			t.Errorf("%s: %d bytes of text are %d bytes of HTML", what, len(text), len(out))
		}
	}
}

// TestBoundsLeaveOrdinaryTextAlone renders texts with much of what the bounds
// look at.
func TestBoundsLeaveOrdinaryTextAlone(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		text, part string
		count      int
	}{
		"a table of 20 columns with short rows": {strings.Repeat("|head", 20) + "|\n" + strings.Repeat("|-", 20) + "|\n" + strings.Repeat("|a|b|c|d|\n", 30), "<td>", 600},
		"a table below a sentence":              {"See:\n|a|b|\n|-|-|\n|c|\n", "<td>", 2},
		"links with one definition":             {"[a]: https://example.org/a\n\n" + strings.Repeat("[a] ", 20), "<a href", 20},
		"a list of a thousand links":            {strings.Repeat("- [a](https://example.org/some/page)\n", 1000), "<a href", 1000},
		"quotations of quotations":              {strings.Repeat(">", 50) + " a", "<blockquote>", 50},
	} {
		if out := HTML(c.text, name); strings.Count(out, c.part) != c.count {
			t.Errorf("%s: %d times %s, want %d", what, strings.Count(out, c.part), c.part, c.count)
		}
	}
}
