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

// One cause is one message, in however many stacks, environments and variants it appears.

// grouped returns each problem once, with its stacks and their variants. A violation begins with its
// stack.
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

// few returns the first three names, and how many more there are.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, "; ")
	}
	return fmt.Sprintf("%s; %d more", strings.Join(names[:most], "; "), len(names)-most)
}

// accepted compares stacks with their golden files in a folder of testdata. Stacks with the same
// difference, such as those of several environments, are one message.
func accepted(t *testing.T, folder string, stacks map[string]string) {
	t.Helper()
	alike := map[string][]string{}
	for _, stack := range slices.Sorted(maps.Keys(stacks)) {
		if difference := differs(stacks[stack]+"\n", filepath.Join(folder, stack+".tf.json")); difference != "" {
			difference = regexp.MustCompile(`\b`+environment(stack)+`\b`).ReplaceAllString(difference, "<environment>")
			difference = inShort(account.ReplaceAllString(difference, "<account>"))
			alike[difference] = append(alike[difference], stack)
		}
	}
	for _, difference := range slices.Sorted(maps.Keys(alike)) {
		t.Errorf("%s: not what testdata/%s has. If that is meant: make golden\n%s", strings.Join(alike[difference], ", "), folder, difference)
	}
}

// account matches the id of an AWS account.
var account = regexp.MustCompile(`\b[0-9]{12}\b`)

// differs returns how content differs from a golden file, empty if it does not.
func differs(content, file string) string {
	result := golden.String(content, file)()
	if result.Success() {
		return ""
	}
	return result.(interface{ FailureMessage() string }).FailureMessage()
}

// hunk matches the line numbers of a difference, which vary between environments.
var hunk = regexp.MustCompile(`^@@ .* @@$`)

// inShort returns a difference without advice. Of long lines, such as policies, it keeps the place
// where they begin to differ.
func inShort(difference string) string {
	difference, _, _ = strings.Cut(strings.TrimSpace(difference), "\n\nYou can run")
	lines := strings.Split(strings.TrimSpace(difference), "\n")
	for i, line := range lines {
		lines[i] = hunk.ReplaceAllString(line, "@@")
		if i > 0 && strings.HasPrefix(lines[i-1], "-") && strings.HasPrefix(line, "+") {
			same := 1
			for same < min(len(line), len(lines[i-1])) && line[same] == lines[i-1][same] {
				same++
			}
			lines[i-1], lines[i] = excerpt(lines[i-1], same), excerpt(line, same)
		}
	}
	for i, line := range lines {
		lines[i] = excerpt(line, 0)
	}
	return strings.Join(lines, "\n")
}

// excerpt returns a line, or if it is too long to read, the part around a place in it.
func excerpt(line string, at int) string {
	const before, most = 60, 160
	if len(line) <= most {
		return line
	}
	sign, rest := line[:1], line[1:]
	if at > before {
		rest = "…" + rest[at-before:]
	}
	if len(rest) > most {
		rest = rest[:most] + "…"
	}
	return strings.ToValidUTF8(sign+rest, "")
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
	policy := func(sign, actions string) string {
		return sign + `  "policy": "` + strings.Repeat("ec2:x,", 40) + actions + strings.Repeat("s3:x,", 60) + "\n"
	}
	got := inShort("\n--- expected\n+++ actual\n@@ -1,2 +1,3 @@\n   \"name\": \"a\",\n" + policy("-", "") + policy("+", "sqs:CreateQueue,") + "+  short\n\n\nYou can run 'go test . -update' to")
	assert.Assert(t, strings.HasPrefix(got, "--- expected\n+++ actual\n@@\n   \"name\": \"a\",\n-…"), got)
	assert.Assert(t, strings.Contains(got, "\n+…") && strings.Contains(got, "ec2:x,sqs:CreateQueue,") && strings.HasSuffix(got, "…\n+  short"), got)
	for line := range strings.Lines(got) {
		assert.Assert(t, len(line) < 180, line)
	}
}
