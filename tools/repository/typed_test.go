package repository

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// typed is a command that a document shows.
type typed struct {
	program, command string
	flags            []string
}

var (
	assignment = regexp.MustCompile(`^[A-Z][A-Z0-9_]*=`)
	word       = regexp.MustCompile(`^[a-z][a-z-]*$`)
	flag       = regexp.MustCompile(`^--?[a-z][a-z-]*`)
	operators  = regexp.MustCompile(`&&|\|\||[;|]`)
	comment    = regexp.MustCompile(`(?m)(^|\s)#.*$`)
)

// before are words that may precede a command.
var before = []string{"time", "exec", "ci/as-role", "tools/bare.sh", "$"}

// commandsIn returns the make targets and ./plinth commands in some code.
func commandsIn(code string) (all []typed) {
	code = strings.ReplaceAll(comment.ReplaceAllString(code, ""), "\\\n", " ")
	for line := range strings.Lines(code) {
		for _, part := range operators.Split(line, -1) {
			fields := strings.Fields(part)
			for len(fields) > 0 && (assignment.MatchString(fields[0]) || slices.Contains(before, fields[0])) {
				fields = fields[1:]
			}
			if len(fields) == 0 || fields[0] != "make" && fields[0] != "./plinth" {
				continue
			}
			t := typed{program: fields[0]}
			for _, field := range fields[1:] {
				switch {
				case flag.MatchString(field):
					t.flags = append(t.flags, flag.FindString(field))
				case t.command == "" && !assignment.MatchString(field):
					t.command = strings.TrimRight(field, ",.")
				}
			}
			all = append(all, t)
		}
	}
	return all
}

func TestCommandsIn(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][]typed{
		"./plinth deploy dev-app --auto-approve": {{"./plinth", "deploy", []string{"--auto-approve"}}},
		"A=b X=$(c) ./plinth kubeconfig dev && make test MODULE=app # ./plinth no": {
			{"./plinth", "kubeconfig", nil}, {"make", "test", nil},
		},
		"  time make check\n./plinth rehearse \\\n  --keep=x -o json": {
			{"make", "check", nil}, {"./plinth", "rehearse", []string{"--keep", "-o"}},
		},
		"./plinth":             {{"./plinth", "", nil}},
		"to make a ./plinth x": nil,
	} {
		got := commandsIn(code)
		if !slices.EqualFunc(got, want, func(a, b typed) bool {
			return a.program == b.program && a.command == b.command && slices.Equal(a.flags, b.flags)
		}) {
			t.Errorf("%q: %q, not %q", code, got, want)
		}
	}
}

// TestTyped checks that the targets, commands and flags that documents tell people to type exist, in
// backquotes or in a block of code.
func TestTyped(t *testing.T) {
	t.Parallel()
	all, flags := listed(t), plinthFlags(t)
	documents := []page{{file: "help", blocks: []string{text(t, "help")}}}
	for _, p := range pages(t) {
		documents = append(documents, p)
	}
	found := 0
	for _, p := range documents {
		for _, code := range slices.Concat(p.inline, p.blocks) {
			for _, c := range commandsIn(code) {
				if c.command != "" && !word.MatchString(c.command) { // such as <command>
					continue
				}
				if c.command != "" && !slices.Contains(all, c.program+" "+c.command) {
					t.Errorf("%s: %s %s: there is no such thing", p.file, c.program, c.command)
					continue
				}
				found++
				for _, f := range c.flags {
					if c.program == "./plinth" && !slices.Contains(flags[c.command], f) {
						t.Errorf("%s: ./plinth %s: has no flag %s", p.file, c.command, f)
					}
				}
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d commands are found", found)
	}
}

// plinthFlags are the flags in each command's help; those of ./plinth itself are under "".
func plinthFlags(t *testing.T) map[string][]string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "plinth")
	if out, err := exec.Command("go", "build", "-C", filepath.Join(root, "cli"), "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := map[string][]string{"": {"--help", "-h"}}
	option := regexp.MustCompile(`(?m)^ +(?:(-[a-z]), |    )(--[a-z-]+)`)
	for _, command := range listed(t) {
		name, is := strings.CutPrefix(command, "./plinth ")
		if !is {
			continue
		}
		help := exec.Command(program, name, "--help")
		help.Dir = root
		out, err := help.Output()
		if err != nil {
			t.Fatalf("./plinth %s --help: %v", name, err)
		}
		for _, match := range option.FindAllStringSubmatch(string(out), -1) {
			all[name] = append(all[name], match[1], match[2])
		}
		if !slices.Contains(all[name], "--help") {
			t.Fatalf("./plinth %s: its help lists no flag", name)
		}
	}
	return all
}

// generated are prefixes of files that are not in Git.
var generated = []string{"build/", "cdktf.out/", ".gen/", ".bootstrap/", "node_modules/"}

// noFiles contain slashes but are no files of the repository; the values explain each.
var noFiles = map[string]string{
	"environments/preview.yaml":   "what a reader writes",
	"hashicorp/aws":               "a provider",
	"hashicorp/helm":              "a provider",
	"hashicorp/kubernetes":        "a provider",
	"group/project":               "a setting's value",
	"plinth/prod/grafana":         "a secret's name",
	"alias/plinth-dev-state":      "a key's alias",
	"plinth/prod/app":             "a namespace of CloudWatch's metrics",
	"app.kubernetes.io/name":      "a label",
	"app.kubernetes.io/component": "a label",
	"prometheus.io/port":          "an annotation",
	"prometheus.io/path":          "an annotation",
	"nodes/proxy":                 "a resource of Kubernetes",
	"111111111111.dkr.ecr.eu-west-2.amazonaws.com/app": "a repository of images",
}

var (
	filePath    = regexp.MustCompile(`^(?:\./)?[\w.][\w.-]*(?:/[\w.-]+)*/?$`)
	letter      = regexp.MustCompile(`[a-z]`)
	placeholder = regexp.MustCompile(`[<>*…$]`)
)

// TestFiles checks that files and folders that documents name in backquotes exist.
func TestFiles(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, p := range pages(t) {
		for _, name := range p.inline {
			if !strings.Contains(name, "/") || !letter.MatchString(name) || placeholder.MatchString(name) || !filePath.MatchString(name) ||
				strings.HasSuffix(name, ".tfstate") || slices.ContainsFunc(generated, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				continue
			}
			named[name] = true
			if noFiles[name] != "" {
				continue
			}
			if !exists(name) && !exists(path.Join(path.Dir(p.file), name)) {
				t.Errorf("%s: `%s`: there is no such file", p.file, name)
			}
		}
	}
	for name := range noFiles {
		if !named[name] {
			t.Errorf("%s: no document names it any more", name)
		}
	}
}

// exists reports whether the repository has a file or folder.
func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
	return err == nil
}
