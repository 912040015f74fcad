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

// install says how to install each program.
var install = map[string]string{
	"aws":                    "install the AWS CLI 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
	"git":                    "install it: https://git-scm.com/downloads",
	"go":                     "install it: https://go.dev/doc/install",
	"kubectl":                "install it: https://kubernetes.io/docs/tasks/tools/",
	"docker":                 "install Docker: https://docs.docker.com/engine/install/",
	"buildah":                "install it: apt-get install buildah, dnf install buildah",
	"session-manager-plugin": "install the AWS CLI's plugin: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
}

// failed is the failure of a program that was found.
type failed struct {
	program string
	// words is its stderr.
	words string
	// remedy is what to do, empty if unknown.
	remedy string
	exit   error
}

func (f *failed) Error() string {
	if f.words == "" {
		return fmt.Sprintf("%s: failed with %v and no message", f.program, f.exit)
	}
	return fmt.Sprintf("%s: %s\n%s", f.program, cmp.Or(f.remedy, "failed"), indent(f.words))
}

// find returns a program's path, or an error that says how to install it.
func (s *Session) find(name string) (string, error) {
	for _, variable := range slices.Backward(s.Environ) { // the last of two counts
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

// output runs a program in folder, with additional variables, and returns what it prints. Security:
// pass no secret as an argument, since every user of the machine can read arguments.
func (s *Session) output(ctx context.Context, folder string, variables []string, name string, args ...string) (string, error) {
	program, err := s.find(name)
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = folder
	command.Env = append(slices.Clone(s.Environ), variables...)
	command.WaitDelay = time.Second // for a child process that outlives it and holds its output
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", &failed{program: name, words: essence(stderr.String()), exit: err}
	}
	return strings.TrimRight(stdout.String(), "\r\n"), nil
}

// words returns the stderr of a failed program, empty for any other error.
func words(err error) string {
	var f *failed
	if errors.As(err, &f) {
		return f.words
	}
	return ""
}

// logged matches a line of the log of a Kubernetes program, in klog's format.
var logged = regexp.MustCompile(`^[EFIW]\d{4} \d\d:\d\d:\d\d`)

// essence returns a program's output with each line once: kubectl retries many times.
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

// indent indents a program's own output within a message.
func indent(words string) string {
	return "  " + strings.ReplaceAll(strings.Trim(words, "\r\n"), "\n", "\n  ")
}
