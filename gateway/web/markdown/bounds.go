package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Limits beyond which a text is shown as it is written. No text that is meant to
// be read comes near them.
const (
	maxQuotes = 100 // nested quotations
	// maxLineWork and maxBlockWork limit the brackets times the length of a line,
	// and of lines without a blank one between them: the parser looks for the end
	// of a link from each bracket on.
	maxLineWork  = 8 << 20
	maxBlockWork = 128 << 20
)

// laborious reports whether the time to parse a text would grow with the square
// of its length.
func laborious(source string) bool {
	blockLength, blockBrackets := 0, 0
	for line := range strings.Lines(source) {
		prefix := line[:len(line)-len(strings.TrimLeft(line, "> \t"))]
		brackets := strings.Count(line, "[")
		if strings.TrimSpace(line) == "" {
			blockLength, blockBrackets = 0, 0
		}
		blockLength += len(line)
		blockBrackets += brackets
		if strings.Count(prefix, ">") > maxQuotes || brackets*len(line) > maxLineWork || blockBrackets*blockLength > maxBlockWork {
			return true
		}
	}
	return false
}

// bounds keeps the HTML in proportion to the text. Some of Markdown grows with
// the square of it: rows of a table are filled up to the width of its header,
// and the address of a link that is defined once is repeated wherever the link
// is used.
type bounds struct{}

func (bounds) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(
		// After link definitions are taken out of a paragraph, before tables are.
		parser.WithParagraphTransformers(util.Prioritized(narrowTables{}, 150)),
		parser.WithASTTransformers(util.Prioritized(shortLinks{}, 999)),
	)
}

// narrowTables leaves a table as the text it is if it would have more than two
// cells for each byte of the text, most of them to fill up rows; small tables may
// have some more.
type narrowTables struct{}

func (narrowTables) Transform(node *ast.Paragraph, reader text.Reader, _ parser.Context) {
	lines := node.Lines()
	size := 0
	for i := range lines.Len() {
		line := lines.At(i)
		size += line.Len()
	}
	for i := 1; i < lines.Len(); i++ {
		line := lines.At(i)
		columns := delimiters(line.Value(reader.Source()))
		if columns*(lines.Len()-i) <= 2*size+2048 {
			continue
		}
		// A paragraph without a parent is not looked at again, and its copy is
		// no candidate for a table.
		whole := ast.NewParagraph()
		whole.SetLines(lines)
		whole.SetBlankPreviousLines(node.HasBlankPreviousLines())
		parent := node.Parent()
		parent.InsertBefore(parent, node, whole)
		parent.RemoveChild(parent, node)
		return
	}
}

// delimiters returns the number of columns that a line below a table's header
// declares, and 0 for any other line.
func delimiters(line []byte) int {
	if len(bytes.Trim(line, "|:- \t\r\n")) > 0 || !bytes.Contains(line, []byte("-")) {
		return 0
	}
	return bytes.Count(line, []byte("|")) + 1
}

// shortLinks shows the text of a link without its address once the addresses
// take more room than the whole text.
type shortLinks struct{}

func (shortLinks) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	left := len(reader.Source()) + 1024
	var beyond []*ast.Link
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if link, ok := n.(*ast.Link); ok && entering {
			if left -= len(link.Destination) + len(link.Title); left < 0 {
				beyond = append(beyond, link)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, link := range beyond {
		parent := link.Parent()
		for child := link.FirstChild(); child != nil; child = link.FirstChild() {
			parent.InsertBefore(parent, link, child)
		}
		parent.RemoveChild(parent, link)
	}
}
