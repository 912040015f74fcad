package repository

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSampleOfRehearsal checks that the lines with a check mark in getting-started.md are what a
// rehearsal prints today: its source contains their words, apart from stacks and numbers.
func TestSampleOfRehearsal(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	for _, pattern := range []string{"rehearsal/*.go", "rehearsal/internal/rehearse/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") {
				source.Write(content)
			}
		}
	}
	found := 0
	for line := range strings.Lines(text(t, "docs/getting-started.md")) {
		title, is := strings.CutPrefix(strings.TrimSpace(line), "✓ ")
		if !is {
			continue
		}
		found++
		title, _, _ = strings.Cut(title, ":")
		for _, words := range regexp.MustCompile(`dev-[a-z]+|\d+( s\)\.)?`).Split(title, -1) {
			if !strings.Contains(source.String(), words) {
				t.Errorf("docs/getting-started.md: %q: no rehearsal prints %q", title, words)
			}
		}
	}
	if found < 5 {
		t.Errorf("docs/getting-started.md has %d lines with a check mark", found)
	}
}

// TestStacksNeeds checks the last column of the table of stacks in architecture.md against prod, which
// has everything enabled, and dev.
func TestStacksNeeds(t *testing.T) {
	t.Parallel()
	var manifest struct {
		Stacks map[string]struct{ Dependencies []string }
	}
	if err := json.Unmarshal([]byte(text(t, "wholeapp/testdata/golden/manifest.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	needs := func(env, stack string) []string {
		var all []string
		for _, need := range manifest.Stacks[env+"-"+stack].Dependencies {
			if name, is := strings.CutPrefix(need, env+"-"); is {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all
	}
	row := regexp.MustCompile("(?m)^\\| `<env>-([a-z]+)` \\|.*\\| ([^|]*) \\|$")
	rows := row.FindAllStringSubmatch(text(t, "docs/architecture.md"), -1)
	if len(rows) != 6 {
		t.Fatalf("docs/architecture.md has %d stacks", len(rows))
	}
	words := regexp.MustCompile(`\b(network|data|cluster|addons|app|observability)\b`)
	for _, match := range rows {
		always, sometimes, _ := strings.Cut(match[2], ";")
		fixed := words.FindAllString(always, -1)
		all := append(slices.Clone(fixed), words.FindAllString(sometimes, -1)...)
		slices.Sort(fixed)
		slices.Sort(all)
		if want := needs("dev", match[1]); !slices.Equal(fixed, want) {
			t.Errorf("docs/architecture.md: <env>-%s needs %v, dev-%s %v", match[1], fixed, match[1], want)
		}
		if want := needs("prod", match[1]); !slices.Equal(all, want) {
			t.Errorf("docs/architecture.md: <env>-%s needs %v, prod-%s %v", match[1], all, match[1], want)
		}
	}
}
