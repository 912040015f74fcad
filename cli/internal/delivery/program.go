package delivery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// install is how each program is come by.
var install = map[string]string{
	"aws":                    "install the AWS CLI 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
	"git":                    "install it: https://git-scm.com/downloads",
	"go":                     "install it: https://go.dev/doc/install",
	"kubectl":                "install it: https://kubernetes.io/docs/tasks/tools/",
	"docker":                 "install Docker: https://docs.docker.com/engine/install/",
	"buildah":                "install it: apt-get install buildah, dnf install buildah",
	"session-manager-plugin": "install the AWS CLI's plugin: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
}

// failed is a program that was found and did not do what it should.
type failed struct {
	program string
	// words are what it wrote to stderr.
	words string
	// remedy is what to do, where that is known.
	remedy string
	exit   error
}

func (f *failed) Error() string {
	if f.words == "" {
		return fmt.Sprintf("%s: failed with %v and no message", f.program, f.exit)
	}
	return fmt.Sprintf("%s: %s\n%s", f.program, cmp.Or(f.remedy, "failed"), indent(f.words))
}

// find returns a program's path, or an error that tells how to come by it.
func (s *Session) find(name string) (string, error) {
	for _, variable := range slices.Backward(s.Environ) { // of two the last counts
		path, found := strings.CutPrefix(variable, "PATH=")
		if !found {
			continue
		}
		for _, folder := range filepath.SplitList(path) {
			if program, err := exec.LookPath(filepath.Join(folder, name)); err == nil && filepath.IsAbs(program) {
				return program, nil
			}
		}
		break
	}
	return "", fmt.Errorf("%s: not found on PATH; %s", name, install[name])
}

// output runs a program in folder, with more variables, and returns what it prints. Only what
// may be shown is an argument: every user of the machine can read them.
func (s *Session) output(ctx context.Context, folder string, variables []string, name string, args ...string) (string, error) {
	program, err := s.find(name)
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = folder
	command.Env = append(slices.Clone(s.Environ), variables...)
	command.WaitDelay = time.Second // for a helper that outlives it and holds its output
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", &failed{program: name, words: essence(stderr.String()), exit: err}
	}
	return strings.TrimRight(stdout.String(), "\r\n"), nil
}

// words are what a program said that failed, empty for every other error.
func words(err error) string {
	var f *failed
	if errors.As(err, &f) {
		return f.words
	}
	return ""
}

// logged is a line that a program of Kubernetes writes for its own developers.
var logged = regexp.MustCompile(`^[EFIW]\d{4} \d\d:\d\d:\d\d`)

// essence is what a program says, each line once: kubectl tries a thing many times.
func essence(said string) string {
	var kept, log []string
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "" || slices.Contains(kept, line):
		case logged.MatchString(line):
			log = append(log, line)
		default:
			kept = append(kept, line)
		}
	}
	if kept == nil {
		kept = log
	}
	return strings.Join(kept, "\n")
}

// indent sets a program's own words off from ours.
func indent(words string) string {
	return "  " + strings.ReplaceAll(strings.Trim(words, "\r\n"), "\n", "\n  ")
}
