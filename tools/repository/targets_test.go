package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elsewhere are the targets that no CI runs by their names, and what runs each: another target,
// or a test in a folder.
var elsewhere = map[string]string{
	"help":       "tools/pipeline TestTargets",
	"setup":      "make test-bare",
	"bindings":   "make test-bare",
	"synth":      "make pipeline",
	"bootstrap":  "rehearsal/integration TestPipeline",
	"diff":       "rehearsal/integration TestPipeline",
	"kubeconfig": "tools/delivery TestMake",
	"status":     "tools/delivery TestMake",
	"tunnel":     "tools/delivery TestMake",
	"kubernetes": "make test-cluster",
	"bench":      "tools/bench TestSmall",
	"diagram":    "make golden",
	"clean":      "tools/pipeline TestClean",
}

// TestTargets holds that something runs every target that make help lists: what nobody runs
// breaks unseen.
func TestTargets(t *testing.T) {
	t.Parallel()
	help := exec.Command("make", "--no-print-directory", "help")
	help.Dir, help.Env = repository, withoutMake(os.Environ())
	out, err := help.Output()
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 1 {
			listed = append(listed, fields[1])
		}
	}
	if len(listed) < 30 {
		t.Fatalf("make help lists no more than %v", listed)
	}

	// What documents tell people to type: in backquotes, or on a line of its own.
	typed := regexp.MustCompile("(?m)(?:`|^ {2,}|&& )(?:[A-Z_]+=\\S+ )?make ([a-z][a-z-]*)")
	for _, file := range documents(t) {
		for _, match := range typed.FindAllStringSubmatch(text(t, file), -1) {
			if !slices.Contains(listed, match[1]) {
				t.Errorf("%s: make %s: make help does not list it", file, match[1])
			}
		}
	}

	files := []string{".ci/run", ".gitlab-ci.yml"}
	for _, pattern := range []string{"ci/*.gitlab-ci.yml", ".github/workflows/*.yml"} {
		found, err := filepath.Glob(filepath.Join(repository, filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: there is none, %v", pattern, err)
		}
		for _, file := range found {
			files = append(files, strings.TrimPrefix(filepath.ToSlash(file), repository+"/"))
		}
	}
	run := map[string]bool{}
	command := regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	for _, file := range files {
		for line := range strings.Lines(text(t, file)) {
			if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) == "" {
				continue
			}
			for _, match := range command.FindAllStringSubmatch(line, -1) {
				run[match[1]] = true
			}
		}
	}

	for _, target := range listed {
		by, stated := elsewhere[target]
		switch {
		case !run[target] && !stated:
			t.Errorf("make %s: nothing runs it. Name it in .ci/run or in a pipeline, or have a test run it and name that here", target)
		case run[target] && stated:
			t.Errorf("make %s: CI runs it, so %q need not be said here", target, by)
		}
	}
	for target, by := range elsewhere {
		if !slices.Contains(listed, target) {
			t.Errorf("make %s: make help does not list it", target)
		}
		if other, is := strings.CutPrefix(by, "make "); is {
			if !run[other] {
				t.Errorf("make %s: make %s is not run either", target, other)
			}
			continue
		}
		folder, test, _ := strings.Cut(by, " ")
		found, err := filepath.Glob(filepath.Join(repository, filepath.FromSlash(folder), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(found, func(file string) bool {
			content, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(content), "\nfunc "+test+"(")
		}) {
			t.Errorf("make %s: there is no test %s in %s", target, test, folder)
		}
	}
}

// documents are what people read, except what a package brings.
func documents(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", repository, "ls-files", "help", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func text(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestClean runs it in a folder that has what can be made again, and what cannot.
func TestClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept := []string{"Makefile", "go.mod", "ci/package.json", ".bootstrap/dev/terraform.tfstate", "terraform.tfstate", "environments/dev.yaml"}
	for _, file := range append([]string{
		".gen/aws/go.mod", "build/plinth", "cdktf.out/manifest.json", "node_modules/.bin/cdktf", "ci/node_modules/.package-lock.json",
	}, kept...) {
		content := "x"
		if file == "Makefile" {
			content = text(t, file)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	clean := exec.Command("make", "clean")
	clean.Dir, clean.Env = dir, withoutMake(os.Environ())
	if out, err := clean.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var left []string
	if err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			left = append(left, filepath.ToSlash(name))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(left)
	slices.Sort(kept)
	if !slices.Equal(left, kept) {
		t.Errorf("it leaves %v, not %v", left, kept)
	}
}
