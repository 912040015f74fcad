package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// The files that say what is allowed.
const (
	rulesFile   = "policy/rules.yaml"
	ignoredFile = "policy/ignored.yaml"
)

// Limits are what rules.yaml says.
type Limits struct {
	Regions []string            `json:"regions"`
	Tags    []string            `json:"tags"`
	Sizes   map[string][]string `json:"sizes"`
}

// An Exception is an entry of ignored.yaml.
type Exception struct {
	// Rule is a rule's name. In says where it may be broken; * stands for any text.
	Rule string `json:"rule"`
	In   string `json:"in"`
	// About, if given, narrows the entry to problems of that text; * stands for any text.
	About string `json:"about"`
	// Reason is for the reviewer.
	Reason string `json:"reason"`
}

func (e Exception) covers(f Finding) bool {
	return e.Rule == f.Rule && matches(e.In, f.In) && (e.About == "" || matches(e.About, sentence(f.Problem)))
}

// readLimits reads rules.yaml of a project.
func readLimits(root string) (Limits, error) {
	var limits Limits
	if err := readYAML(root, rulesFile, &limits); err != nil {
		return limits, err
	}
	if len(limits.Regions) == 0 || len(limits.Tags) == 0 {
		return limits, fmt.Errorf("%s: regions and tags must not be empty", rulesFile)
	}
	for argument := range limits.Sizes {
		if strings.Count(argument, ".") != 1 {
			return limits, fmt.Errorf("%s: sizes: %s must be resource.argument", rulesFile, argument)
		}
	}
	return limits, nil
}

// readExceptions reads ignored.yaml of a project.
func readExceptions(root string) ([]Exception, error) {
	var exceptions []Exception
	if err := readYAML(root, ignoredFile, &exceptions); err != nil {
		return nil, err
	}
	for i, e := range exceptions {
		if e.Rule == "" || e.In == "" || len(strings.Fields(e.Reason)) < 3 {
			return nil, fmt.Errorf("%s: entry %d (%s): must have rule, in and a reason of three words or more", ignoredFile, i+1, e.Rule)
		}
	}
	return exceptions, nil
}

func readYAML(root, file string, into any) error {
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// applyExceptions removes the findings that an exception covers, and returns the exceptions that
// cover none.
func applyExceptions(findings []Finding, exceptions []Exception) (left []Finding, stale []Exception) {
	used := make([]bool, len(exceptions))
	for _, f := range findings {
		excepted := false
		for i, e := range exceptions {
			if e.covers(f) {
				used[i], excepted = true, true
			}
		}
		if !excepted {
			left = append(left, f)
		}
	}
	for i, e := range exceptions {
		if !used[i] {
			stale = append(stale, e)
		}
	}
	return left, stale
}

// matches tells whether a text is as a pattern says, in which * stands for any text.
func matches(pattern, text string) bool {
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^(?s:" + expression + ")$").MatchString(text)
}
