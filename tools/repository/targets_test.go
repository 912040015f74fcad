// Package repository tests the repository as a whole: something runs each target and command, the
// stated requirements are enough, the launcher works, and documents name only things that
// exist.
package repository

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository.
const root = "../.."

// elsewhere are the targets and commands that no CI runs by name, with what runs each instead: another
// target, or a test in a folder.
var elsewhere = map[string]string{
	"make help":       "tools/repository TestTargets",
	"make setup":      "make test-bare",
	"make bindings":   "make test-bare",
	"make synth":      "make policy",
	"make missing":    "wholeapp TestMissing",
	"make bench":      "tools/bench TestSmall",
	"make diagram":    "make golden",
	"make images":     "tools/repository TestRenovateImages",
	"make clean":      "tools/repository TestClean",
	"make kubernetes": "make test-cluster",

	"./plinth setup":      "make test-bare",
	"./plinth synth":      "make policy",
	"./plinth bootstrap":  "rehearsal/integration TestPipeline",
	"./plinth diff":       "rehearsal/integration TestPipeline",
	"./plinth order":      "cli/internal/command TestOrder",
	"./plinth status":     "cli/internal/delivery TestStatus",
	"./plinth dev":        "cli/internal/local TestSample",
	"./plinth lock":       "rehearsal/integration TestLockFile",
	"./plinth images":     "tools/repository TestRenovateImages",
	"./plinth logs":       "cli/internal/delivery TestLogs",
	"./plinth run":        "rehearsal/cluster TestCommands",
	"./plinth restart":    "rehearsal/cluster TestCommands",
	"./plinth releases":   "rehearsal/cluster TestCommands",
	"./plinth rollback":   "cli/internal/command TestRollback",
	"./plinth new":        "cli/internal/newapp TestAdd",
	"./plinth kubeconfig": "cli/internal/delivery TestKubeconfig",
	"./plinth tunnel":     "cli/internal/delivery TestTunnel",
	"./plinth rename":     "cli/internal/rename TestRename",
	"./plinth version":    "cli/internal/command TestVersion",
	"./plinth completion": "cli/internal/command TestComplete",
}

// listed are the targets that make help lists, and the commands in the file help, which
// ./plinth --help prints.
func listed(t *testing.T) []string {
	t.Helper()
	help := exec.Command("make", "--no-print-directory", "help")
	help.Dir, help.Env = root, withoutMake(os.Environ())
	targets, err := help.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(targets)) {
		if fields := strings.Fields(line); len(fields) > 1 {
			all = append(all, "make "+fields[1])
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^  ([a-z]+) .{20,}$`).FindAllStringSubmatch(text(t, "help"), -1) {
		all = append(all, "./plinth "+match[1])
	}
	if len(all) < 40 {
		t.Fatalf("no more is listed than %v", all)
	}
	return all
}

// TestTargets checks that something runs every target and every command: otherwise they break unnoticed.
func TestTargets(t *testing.T) {
	t.Parallel()
	all := listed(t)
	files := []string{".ci/run", ".gitlab-ci.yml"}
	for _, pattern := range []string{"ci/*.gitlab-ci.yml", ".github/workflows/*.yml"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: there is none, %v", pattern, err)
		}
		for _, file := range found {
			files = append(files, strings.TrimPrefix(filepath.ToSlash(file), root+"/"))
		}
	}
	run := map[string]bool{}
	command := regexp.MustCompile(`(?:^|[\s])(make|\./plinth) ([a-z][a-z-]*)`)
	for _, file := range files {
		for line := range strings.Lines(text(t, file)) {
			if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) == "" {
				continue
			}
			for _, match := range command.FindAllStringSubmatch(line, -1) {
				run[match[1]+" "+match[2]] = true
			}
		}
	}

	for _, thing := range all {
		by, stated := elsewhere[thing]
		switch {
		case !run[thing] && !stated:
			t.Errorf("%s: nothing runs it. Name it in .ci/run or in a pipeline, or have a test run it and name that here", thing)
		case run[thing] && stated:
			t.Errorf("%s: CI runs it, so %q need not be said here", thing, by)
		}
	}
	for thing, by := range elsewhere {
		if !slices.Contains(all, thing) {
			t.Errorf("%s: is not listed", thing)
		}
		if strings.HasPrefix(by, "make ") {
			if !run[by] {
				t.Errorf("%s: %s is not run either", thing, by)
			}
			continue
		}
		folder, test, _ := strings.Cut(by, " ")
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(found, func(file string) bool {
			content, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(content), "\nfunc "+test+"(")
		}) {
			t.Errorf("%s: there is no test %s in %s", thing, test, folder)
		}
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestClean runs make clean in a folder with files that can be made again, and files that cannot.
func TestClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept := []string{"Makefile", "go.mod", "ci/package.json", "tools/iam/package.json", "rehearsal/cdktn/package.json", ".bootstrap/dev/terraform.tfstate", "terraform.tfstate", "environments/dev.yaml"}
	for _, file := range append([]string{
		".gen/aws/go.mod", "build/plinth", "cdktf.out/manifest.json", "node_modules/.bin/cdktf", "ci/node_modules/.package-lock.json",
		"tools/iam/node_modules/.package-lock.json", "rehearsal/cdktn/node_modules/.package-lock.json",
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

// withoutMake returns an environment without the variables that make passes on to the tests it runs.
func withoutMake(environ []string) []string {
	return slices.DeleteFunc(environ, func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS=")
	})
}
