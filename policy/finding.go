package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Finding is one thing that breaks one rule.
type Finding struct {
	// Rule is the rule's name after that of the program which knows it: plinth/region.
	Rule string
	// File is where, as seen from the project's folder.
	File string
	// In is what an entry of ignored.yaml names: stack/resource, stack/release/object or a file.
	In string
	// Problem tells what is wrong, Remedy what to do.
	Problem, Remedy string
}

func (f Finding) String() string {
	text := f.File + ": "
	if f.In != f.File {
		text += f.In + ": "
	}
	return fmt.Sprintf("%s%s [%s]\n    %s", text, sentence(f.Problem), f.Rule, sentence(f.Remedy))
}

// sentence is a text on one line, without its full stop.
func sentence(text string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ".")
}

// sorted puts findings in the order of their places, each once.
func sorted(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.In, b.In), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Problem, b.Problem))
	})
	return slices.Compact(findings)
}
