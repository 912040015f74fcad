package repository

import (
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// page is a parsed Markdown document.
type page struct {
	file string
	// prose is the text without its code.
	prose string
	// inline is the code in backquotes, blocks the code on lines of its own.
	inline, blocks []string
	headings       []heading
	// anchors are what links can lead to.
	anchors []string
}

type heading struct {
	level        int
	text, anchor string
}

var (
	inlineCode  = regexp.MustCompile("`([^`]+)`")
	headingLine = regexp.MustCompile(`^(#{1,6}) +(.+?) *$`)
	anchorTag   = regexp.MustCompile(`<a id="([^"]+)"></a>`)
	linkText    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// parse parses the Markdown that Plinth's documents use. Code is indented by four columns after an
// empty line, more in a list, or stands between fences.
func parse(file, content string) page {
	p := page{file: file}
	var prose, block strings.Builder
	fence, inBlock, blank := "", false, true
	end := func() {
		if block.Len() > 0 {
			p.blocks = append(p.blocks, block.String())
			block.Reset()
		}
		inBlock = false
	}
	for line := range strings.Lines(content) {
		text := strings.TrimSpace(line)
		indented := strings.HasPrefix(line, "    ")
		switch {
		case fence != "":
			if strings.HasPrefix(text, fence) {
				fence = ""
				end()
				continue
			}
			block.WriteString(line)
		case strings.HasPrefix(text, "```"):
			end()
			fence = "```"
		case text == "":
			if inBlock {
				block.WriteString(line)
			}
			prose.WriteString(line)
		case indented && (inBlock || blank):
			inBlock = true
			block.WriteString(line)
		default:
			end()
			prose.WriteString(line)
		}
		blank = text == ""
	}
	end()
	for _, match := range inlineCode.FindAllStringSubmatch(prose.String(), -1) {
		p.inline = append(p.inline, strings.Join(strings.Fields(match[1]), " "))
	}
	p.prose = inlineCode.ReplaceAllString(prose.String(), "``")
	for line := range strings.Lines(prose.String()) {
		for _, match := range anchorTag.FindAllStringSubmatch(line, -1) {
			p.anchors = append(p.anchors, match[1])
		}
		match := headingLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if match == nil {
			continue
		}
		anchor := slug(match[2])
		for n := 1; slices.ContainsFunc(p.headings, func(h heading) bool { return h.anchor == anchor }); n++ {
			anchor = slug(match[2]) + "-" + strconv.Itoa(n)
		}
		p.headings = append(p.headings, heading{len(match[1]), match[2], anchor})
		p.anchors = append(p.anchors, anchor)
	}
	return p
}

// slug is GitHub's anchor for a heading: letters, digits, hyphens and underscores, with spaces as
// hyphens.
func slug(heading string) string {
	heading = linkText.ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func TestParse(t *testing.T) {
	t.Parallel()
	p := parse("a.md", "# A `b` & c: d/e_f\n\nProse with `two\nlines` of [code](x.md).\n    no code, a line that goes on\n\n    block 1\n\n    block 2\n\n"+
		"1. List\n\n       in a list\n\n```sh\nfenced `x`\n```\n\n## Same\n## Same\n<a id=\"own\"></a>\n")
	for _, test := range []struct {
		what      string
		got, want []string
	}{
		{"inline", p.inline, []string{"b", "two lines"}},
		{"blocks", p.blocks, []string{"    block 1\n\n    block 2\n\n", "       in a list\n\n", "fenced `x`\n"}},
		{"anchors", p.anchors, []string{"a-b--c-de_f", "same", "same-1", "own"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %q, not %q", test.what, test.got, test.want)
		}
	}
	if strings.Contains(p.prose, "block") || !strings.Contains(p.prose, "a line that goes on") {
		t.Errorf("prose: %q", p.prose)
	}
}

// tracked returns the files in Git that match the patterns.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", root, "ls-files", "--"}, patterns...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// pages are all documents, by path.
func pages(t *testing.T) map[string]page {
	t.Helper()
	all := map[string]page{}
	for _, file := range tracked(t, "*.md") {
		all[file] = parse(file, text(t, file))
	}
	if len(all) < 20 {
		t.Fatalf("there are only %d documents", len(all))
	}
	return all
}
