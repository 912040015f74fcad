package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// The configuration files.
const (
	rulesFile   = "policy/rules.yaml"
	ignoredFile = "policy/ignored.yaml"
)

// Limits are the content of rules.yaml.
type Limits struct {
	Regions []string            `json:"regions"`
	Tags    []string            `json:"tags"`
	Sizes   map[string][]string `json:"sizes"`
}

// Exception is an entry of ignored.yaml.
type Exception struct {
	// Rule is a rule's name. In is where the entry allows breaking it; * stands for any text.
	Rule string `json:"rule"`
	In   string `json:"in"`
	// About, if set, limits the entry to problems with this text; * stands for any text.
	About string `json:"about"`
	// Reason is for the reviewer.
	Reason string `json:"reason"`
}

func (e Exception) covers(f Finding) bool {
	return e.Rule == f.Rule && matches(e.In, f.In) && (e.About == "" || matches(e.About, sentence(f.Problem)))
}

// readLimits reads a project's rules.yaml.
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

// readExceptions reads a project's ignored.yaml. An entry without a reason is an error.
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

// applyExceptions returns the findings that no exception covers, and the exceptions that cover no
// finding.
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

// matches reports whether text matches pattern, where * stands for any text.
func matches(pattern, text string) bool {
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^(?s:" + expression + ")$").MatchString(text)
}
