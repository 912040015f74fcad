package repository

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	definition    = regexp.MustCompile(`(?m)^\[([^\]]+)\]: *(\S+)$`)
	referenceLink = regexp.MustCompile(`\[([^\[\]]+)\](\[([^\[\]]*)\])?`)
)

// TestLinks checks that links lead to an existing file or folder, and to an existing heading or anchor.
// It does not follow links to other hosts.
func TestLinks(t *testing.T) {
	t.Parallel()
	all := pages(t)
	found := 0
	for _, p := range all {
		targets := []string{}
		for _, match := range inlineLink.FindAllStringSubmatch(p.prose, -1) {
			targets = append(targets, match[1])
		}
		defined := map[string]bool{}
		for _, match := range definition.FindAllStringSubmatch(p.prose, -1) {
			defined[strings.ToLower(match[1])] = true
			targets = append(targets, match[2])
		}
		for _, target := range targets {
			found++
			if reason := follow(all, p, target); reason != "" {
				t.Errorf("%s: a link to %s: %s", p.file, target, reason)
			}
		}
		for _, name := range references(p.prose) {
			if !defined[strings.ToLower(name)] {
				t.Errorf("%s: [%s] is defined nowhere", p.file, name)
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d links are found", found)
	}
}

// follow returns why a link is broken, or "".
func follow(all map[string]page, from page, target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "":
		return ""
	}
	file := from.file
	if u.Path != "" {
		file = path.Join(path.Dir(from.file), u.Path)
	}
	if strings.HasPrefix(file, "../") || !exists(file) {
		return "there is no such file"
	}
	if u.Fragment == "" {
		return ""
	}
	to, is := all[file]
	switch {
	case !is:
		return "is no document with anchors, or Git does not know it"
	case !slices.Contains(to.anchors, u.Fragment):
		return "there is no such heading"
	}
	return ""
}

// references are the names of link definitions that a text uses.
func references(prose string) (names []string) {
	for line := range strings.Lines(prose) {
		if headingLine.MatchString(strings.TrimSpace(line)) || definition.MatchString(strings.TrimSpace(line)) {
			continue
		}
		for _, at := range referenceLink.FindAllStringSubmatchIndex(line, -1) {
			switch {
			case at[4] >= 0 && at[6] < at[7]:
				names = append(names, line[at[6]:at[7]])
			case !strings.HasPrefix(line[at[1]:], "("):
				names = append(names, line[at[2]:at[3]])
			}
		}
	}
	return names
}

func TestFollow(t *testing.T) {
	t.Parallel()
	all := map[string]page{}
	for file, content := range map[string]string{
		"README.md":         "# A\n",
		"docs/recovery.md":  "# B\n\n## A lock, left\n",
		"docs/unwritten.md": "",
	} {
		all[file] = parse(file, content)
	}
	for target, want := range map[string]string{
		"../README.md":            "",
		"../README.md#a":          "",
		"recovery.md#a-lock-left": "",
		"#a-lock-left":            "",
		"../constructs/":          "",
		"https://example.com/x#y": "",
		"../README.md#b":          "there is no such heading",
		"#a":                      "there is no such heading",
		"recovery":                "there is no such file",
		"../../README.md":         "there is no such file",
		"../main.go#L1":           "is no document with anchors, or Git does not know it",
	} {
		if got := follow(all, all["docs/recovery.md"], target); got != want {
			t.Errorf("%s: %q, not %q", target, got, want)
		}
	}
	if got, want := references("# [No]\n[a](b) [c][d] [e]\n[f]: g\n[h][]\n"), []string{"d", "e", "h"}; !slices.Equal(got, want) {
		t.Errorf("references: %q, not %q", got, want)
	}
}

var mention = regexp.MustCompile(`\b(docs/[\w-]+\.md|(?:\w+/)*README\.md|CONTRIBUTING\.md|SECURITY\.md|CHANGELOG\.md)(?:#([\w-]+))?(?:, \\?"([A-Z][^"\\]+)\\?")?`)

// TestMentions checks that documents that programs, settings and scripts mention exist, with the
// anchor or heading.
func TestMentions(t *testing.T) {
	t.Parallel()
	all := pages(t)
	found := 0
	for _, file := range tracked(t, "*.go", "*.yaml", "*.yml", "*.sh", "*.cjs", "*.tpl", "*/Dockerfile", "Makefile", "help", "plinth") {
		if strings.HasSuffix(file, "_test.go") { // tests make mistakes on purpose
			continue
		}
		for _, match := range mention.FindAllStringSubmatch(text(t, file), -1) {
			p, is := all[match[1]]
			if !is {
				p, is = all[path.Join(path.Dir(file), match[1])]
			}
			found++
			switch {
			case !is:
				t.Errorf("%s: %s: there is no such document", file, match[1])
			case match[2] != "" && !slices.Contains(p.anchors, match[2]):
				t.Errorf("%s: %s#%s: there is no such anchor", file, match[1], match[2])
			case match[3] != "" && !slices.ContainsFunc(p.headings, func(h heading) bool { return h.text == match[3] }):
				t.Errorf("%s: %s has no heading %q", file, match[1], match[3])
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d mentions are found", found)
	}
}

// A screen is the number of lines of a page visible at once.
const screen = 60

// TestContents checks that README.md is short, that the index links to every page, and that a long
// page begins with its contents.
func TestContents(t *testing.T) {
	t.Parallel()
	if lines := strings.Count(text(t, "README.md"), "\n"); lines > 150 {
		t.Errorf("README.md has %d lines, of at most 150", lines)
	}
	all := pages(t)
	const index = "docs/index.md"
	for file, p := range all {
		name, in := strings.CutPrefix(file, "docs/")
		if in && file != index && !strings.Contains(all[index].prose, "]("+name+")") {
			t.Errorf("%s: has no link to %s", index, name)
		}
		sections := slices.DeleteFunc(slices.Clone(p.headings), func(h heading) bool { return h.level != 2 })
		if len(sections) < 2 || !in && file != "CONTRIBUTING.md" && file != "app/README.md" || file == index || strings.Count(text(t, file), "\n") <= screen {
			continue
		}
		beginning, _, _ := strings.Cut(p.prose, "\n## ")
		for _, h := range sections {
			if !strings.Contains(beginning, "](#"+h.anchor+")") {
				t.Errorf("%s: its contents lack %q", file, h.text)
			}
		}
	}
}
