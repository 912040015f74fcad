package wholeapp

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// One cause is one message, in however many stacks, environments and variants it shows.

// grouped has each problem once, with the stacks that have it and the variants of these. What
// breaks a property begins with its stack.
func grouped(broken map[string][]string) (messages []string) {
	places := map[string]map[string][]string{} // the variants by problem and stack
	for _, variant := range slices.Sorted(maps.Keys(broken)) {
		for _, violation := range broken[variant] {
			stack, problem, told := strings.Cut(violation, ": ")
			if !told {
				stack, problem = "", violation
			}
			if places[problem] == nil {
				places[problem] = map[string][]string{}
			}
			places[problem][stack] = append(places[problem][stack], variant)
		}
	}
	for _, problem := range slices.Sorted(maps.Keys(places)) {
		message := problem
		for _, stack := range slices.Sorted(maps.Keys(places[problem])) {
			message += "\n    " + strings.TrimSpace(stack+" with "+few(slices.Compact(places[problem][stack])))
		}
		messages = append(messages, message)
	}
	return messages
}

// few names the first three, and how many more there are.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, "; ")
	}
	return fmt.Sprintf("%s; %d more", strings.Join(names[:most], "; "), len(names)-most)
}

// accepted holds stacks against their golden files in a folder of testdata. Stacks that differ from
// them alike, as those of several environments do, are one message.
func accepted(t *testing.T, folder string, stacks map[string]string) {
	t.Helper()
	alike := map[string][]string{}
	for _, stack := range slices.Sorted(maps.Keys(stacks)) {
		result := golden.String(stacks[stack]+"\n", filepath.Join(folder, stack+".tf.json"))()
		if !result.Success() {
			difference := inShort(result.(interface{ FailureMessage() string }).FailureMessage(), environment(stack))
			alike[difference] = append(alike[difference], stack)
		}
	}
	for _, difference := range slices.Sorted(maps.Keys(alike)) {
		t.Errorf("%s: not what testdata/%s has. If that is meant: make golden\n%s", strings.Join(alike[difference], ", "), folder, difference)
	}
}

var (
	// hunk says in which lines of two files a difference is.
	hunk = regexp.MustCompile(`(?m)^@@ .* @@$`)
	// long is what follows when a line of a difference has been read far enough: a policy is one line.
	long = regexp.MustCompile(`(?m)^(.{160}).+$`)
)

// inShort is a difference without what is another in each environment.
func inShort(difference, environment string) string {
	difference, _, _ = strings.Cut(difference, "\n\nYou can run")
	difference = long.ReplaceAllString(hunk.ReplaceAllString(difference, "@@"), "$1…")
	return regexp.MustCompile(`\b`+environment+`\b`).ReplaceAllString(strings.TrimSpace(difference), "<environment>")
}

func TestGrouped(t *testing.T) {
	assert.DeepEqual(t, grouped(map[string][]string{
		"a": {"dev-app: aws_x.y: open", "prod-app: aws_x.y: open", "nobody is trusted"},
		"b": {"dev-app: aws_x.y: open"}, "c": {"dev-app: aws_x.y: open"}, "d": {"dev-app: aws_x.y: open", "dev-app: aws_x.z: open"}, "e": nil,
	}), []string{
		"aws_x.y: open\n    dev-app with a; b; c; 1 more\n    prod-app with a",
		"aws_x.z: open\n    dev-app with d",
		"nobody is trusted\n    with a",
	})
}

func TestInShort(t *testing.T) {
	difference := func(environment, lines string) string {
		return "\n--- expected\n+++ actual\n@@ -" + lines + " @@\n+      \"path\": \"" + environment + "-app/queue\",\n+" + strings.Repeat(" ", 170) +
			lines + "\n\n\nYou can run 'go test . -update' to"
	}
	dev := inShort(difference("dev", "1,2 +1,3"), "dev")
	assert.Equal(t, dev, inShort(difference("prod", "7,2 +7,3"), "prod"))
	assert.Equal(t, dev, "--- expected\n+++ actual\n@@\n+      \"path\": \"<environment>-app/queue\",\n+"+strings.Repeat(" ", 159)+"…")
}
