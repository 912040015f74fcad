// Command modules runs Go's tests and checks in every Go module of the repository, or in the named
// ones:
//
//	modules test    all tests, two modules at a time
//	modules check   format, vet, and the fast tests
//	modules lint    format, vet for Linux and macOS, golangci-lint, actionlint, shellcheck
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	golangci   = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
	actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
)

// compiling are variables for compilers and linters: collecting less garbage saves them a sixth of their
// processor time.
var compiling = []string{"GOGC=400"}

// slow are the modules with the longest tests: they start first.
var slow = []string{"rehearsal", "app", "app/load", "."}

func main() {
	commands := map[string]func(*run) bool{"test": (*run).test, "check": (*run).check, "lint": (*run).lint}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: modules test|check|lint [module]...")
		os.Exit(2)
	}
	r, err := newRun(os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !commands[os.Args[1]](r) {
		os.Exit(1)
	}
}

// run is one run over modules, each named by its folder.
type run struct {
	root    string
	all     bool // no module was named
	modules []string
	environ []string
	print   sync.Mutex
}

func newRun(named []string) (*run, error) {
	out, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return nil, fmt.Errorf("not in a clone of the repository: %w", err)
	}
	r := &run{root: strings.TrimSpace(string(out)), all: len(named) == 0}
	known, err := modules(r.root)
	if err != nil {
		return nil, err
	}
	for _, name := range named {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("MODULE=%s: there is no such module; there are %s", name, strings.Join(known, ", "))
		}
	}
	r.modules = known
	if !r.all {
		r.modules = named
	}
	// Node.js programs run on the version that package-lock.json pins.
	r.environ = append(os.Environ(),
		"PATH="+filepath.Join(r.root, "node_modules", ".bin")+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"NODE_COMPILE_CACHE="+filepath.Join(r.root, "build", "node-compile-cache"))
	return r, nil
}

// modules are the folders with a go.mod, the slow ones first. It leaves out a go.mod that only pins
// programs, without packages beside it.
func modules(root string) ([]string, error) {
	out, err := exec.Command("git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "go.mod", "*/go.mod").Output()
	if err != nil {
		return nil, err
	}
	var found []string
	for file := range strings.FieldsSeq(string(out)) {
		module := filepath.ToSlash(filepath.Dir(file))
		content, err := os.ReadFile(filepath.Join(root, file))
		if os.IsNotExist(err) {
			continue // deleted, but not committed yet
		}
		if err != nil {
			return nil, err
		}
		if !pins.Match(content) || holdsGo(filepath.Join(root, module)) {
			found = append(found, module)
		}
	}
	rank := func(module string) int {
		if i := slices.Index(slow, module); i >= 0 {
			return i
		}
		return len(slow)
	}
	slices.SortStableFunc(found, func(a, b string) int { return rank(a) - rank(b) })
	return found, nil
}

// pins matches a go.mod that pins programs.
var pins = regexp.MustCompile(`(?m)^tool\b`)

func holdsGo(folder string) bool {
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	return len(files) > 0
}

// do runs a program in a module, and returns its output and whether it succeeded.
func (r *run) do(module string, variables []string, name string, args ...string) (string, bool) {
	command := exec.Command(name, args...)
	command.Dir, command.Env = filepath.Join(r.root, module), append(slices.Clone(r.environ), variables...)
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

// each runs do in every module, atOnce at a time, and prints the output of a module when it is
// done.
func (r *run) each(atOnce int, do func(module string) (string, bool)) bool {
	slots, passed := make(chan struct{}, atOnce), true
	var workers sync.WaitGroup
	for _, module := range r.modules {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			out, ok := do(module)
			r.print.Lock()
			defer r.print.Unlock()
			fmt.Print(out)
			passed = passed && ok
		})
	}
	workers.Wait()
	return passed
}

// test runs all tests, two modules at a time: while one waits, the other uses its core. It bypasses
// Go's test cache, which misses changed golden files and node_modules. Once all is compiled, packages
// run one at a time: a rehearsal alone keeps two cores busy. Without debug information, which nobody
// needs here, linking takes half as long. go vet is left to check and lint.
func (r *run) test() bool {
	return r.each(2, func(module string) (string, bool) {
		if out, ok := r.do(module, compiling, "go", "list", "-export", "-test", "-deps", "./..."); !ok {
			return "== " + module + "\n" + out, false
		}
		out, ok := r.do(module, nil, "go", "test", "-p", "1", "-count=1", "-timeout", "60m", "-vet=off", "-ldflags=-w", "./...")
		return "== " + module + "\n" + without(out, "no test files"), ok
	})
}

// check runs the checks between two edits. Changes in a stack show in the tests that synthesize, which
// always run; elsewhere Go repeats only tests whose files have changed. Rehearsals, and checks that need
// more programs, are left to test and make policy.
func (r *run) check() bool {
	if !r.formatted() {
		return false
	}
	return r.each(1, func(module string) (string, bool) {
		switch module {
		case ".":
			if vet, ok := r.do(module, compiling, "go", "vet", "./..."); !ok {
				return vet, false
			}
			out, ok := r.do(module, nil, "go", "test", "-count=1", "-skip", "CLI", "./...")
			return without(out, "no test files"), ok
		case "app/load", "policy":
			return "", true
		}
		vet, ok := r.do(module, compiling, "go", "vet", "./...")
		if !ok {
			return vet, false
		}
		out, ok := r.do(module, nil, "go", "test", "-short", "./...")
		return without(out, "no test files", "(cached)"), ok
	})
}

// lint lints every module. golangci-lint runs all of go vet for this machine's system. Only without named
// modules it also lints the rest of the repository.
func (r *run) lint() bool {
	passed := r.formatted()
	passed = r.each(1, func(module string) (string, bool) {
		// Plinth supports macOS on arm64: code that does not compile there fails here.
		darwin, onDarwin := r.do(module, append([]string{"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"}, compiling...), "go", "vet", "./...")
		if !onDarwin {
			darwin = "for darwin/arm64:\n" + darwin
		}
		lint, clean := r.do(module, compiling, "go", "run", golangci, "run", "./...")
		return darwin + without(lint, "0 issues."), onDarwin && clean
	}) && passed
	if !r.all {
		return passed
	}
	out, ok := r.do(".", nil, "go", "run", actionlint, "-shellcheck=", "-pyflakes=")
	fmt.Print(out)
	return r.shells() && ok && passed
}

// shells runs shellcheck on every script, if it is installed.
func (r *run) shells() bool {
	if _, err := exec.LookPath("shellcheck"); err != nil {
		fmt.Fprintln(os.Stderr, "shellcheck is not on PATH: the shell scripts are not checked.")
		return true
	}
	files, _ := r.do(".", nil, "git", "grep", "-l", "--untracked", "-E", `^#!.*\b(ba)?sh$`)
	scripts := slices.DeleteFunc(strings.Fields(files), func(file string) bool { return strings.HasSuffix(file, ".go") || strings.HasSuffix(file, ".md") })
	out, ok := r.do(".", nil, "shellcheck", scripts...)
	fmt.Print(out)
	return ok
}

// formatted reports whether gofmt would change nothing, and prints the files that it would change.
func (r *run) formatted() bool {
	tracked, ok := r.do(".", nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.go")
	files := strings.FieldsFunc(tracked, func(c rune) bool { return c == 0 })
	files = slices.DeleteFunc(files, func(file string) bool {
		_, err := os.Stat(filepath.Join(r.root, file))
		return err != nil // deleted, but not committed yet
	})
	out, formatted := r.do(".", nil, "gofmt", append([]string{"-l"}, files...)...)
	if ok && formatted && out == "" {
		return true
	}
	fmt.Fprint(os.Stderr, "gofmt -w these:\n", out)
	return false
}

// without removes the lines that contain one of the texts.
func without(out string, texts ...string) string {
	var kept bytes.Buffer
	for line := range strings.Lines(out) {
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(line, text) }) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
