package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Finding is one violation of a rule.
type Finding struct {
	// Rule is the rule's name with the checking program as its prefix: plinth/region.
	Rule string
	// File is the file's path relative to the project's folder.
	File string
	// In is the place that ignored.yaml names: stack/resource, stack/release/object or a file.
	In string
	// Problem says what is wrong, Remedy what to do.
	Problem, Remedy string
}

func (f Finding) String() string {
	text := f.File + ": "
	if f.In != f.File {
		text += f.In + ": "
	}
	return fmt.Sprintf("%s%s [%s]\n    %s", text, sentence(f.Problem), f.Rule, sentence(f.Remedy))
}

// sentence returns text on one line, without its full stop.
func sentence(text string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ".")
}

// sortFindings sorts findings by place, and removes duplicates.
func sortFindings(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.In, b.In), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Problem, b.Problem))
	})
	return slices.Compact(findings)
}

// grouped returns findings as texts. It merges the same finding in several stacks into one text that
// names all the places.
func grouped(findings []Finding) []string {
	type cause struct{ rule, address, problem, remedy string }
	var causes []cause
	alike := map[cause][]Finding{}
	for _, f := range findings {
		stack, address, _ := strings.Cut(f.In, "/")
		c := cause{f.Rule, address, strings.ReplaceAll(f.Problem, stack, ""), f.Remedy}
		if address == "" { // the finding is in a file, not in a stack
			c.address = f.In
		}
		if alike[c] == nil {
			causes = append(causes, c)
		}
		alike[c] = append(alike[c], f)
	}
	var texts []string
	for _, c := range causes {
		text := alike[c][0].String()
		var others []string
		for _, f := range alike[c][1:] {
			others = append(others, f.In)
		}
		if len(others) > 0 {
			text += "\n    Also in " + strings.Join(others, ", ")
		}
		texts = append(texts, text)
	}
	return texts
}
