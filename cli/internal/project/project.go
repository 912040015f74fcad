// Package project knows the repository that the command works in: it installs and builds what a
// command needs, and runs the programs of others there.
package project

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"plinth/cli/internal/synthesized"
)

// Project is a repository of Plinth's.
type Project struct {
	// Root is its folder.
	Root string
	// Environ is the user's environment.
	Environ []string
	Stdin   io.Reader
	// Stdout is for what a program may read, Stderr for people.
	Stdout, Stderr io.Writer
}

// Open returns the project that dir is in, for the user at the terminal.
func Open(dir string) (*Project, error) {
	root, err := synthesized.Root(dir)
	if err != nil {
		return nil, err
	}
	return &Project{Root: root, Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}, nil
}

// Path is a file of the project.
func (p *Project) Path(parts ...string) string {
	return filepath.Join(append([]string{p.Root}, parts...)...)
}

// Short is a path as short as it can be from the project's folder.
func (p *Project) Short(path string) string {
	short, err := filepath.Rel(p.Root, path)
	if err != nil || len(short) > len(path) {
		return path
	}
	return short
}

// Getenv returns a variable of the user's environment, empty where there is none.
func (p *Project) Getenv(name string) string {
	for _, variable := range slices.Backward(p.Environ) { // of two the last counts
		if value, found := strings.CutPrefix(variable, name+"="); found {
			return value
		}
	}
	return ""
}

// Say tells a person something.
func (p *Project) Say(format string, args ...any) { fmt.Fprintf(p.Stderr, format+"\n", args...) }

// Interactive says that somebody is at a terminal to answer.
func (p *Project) Interactive() bool { return terminal(p.Stdin) }

func terminal(stream any) bool {
	file, is := stream.(*os.File)
	return is && term.IsTerminal(int(file.Fd()))
}

// environment is the user's, for cdktf, Terraform and what runs on Node.js.
func (p *Project) environment() []string {
	environ := append(slices.Clone(p.Environ),
		// As npx does it: cdktf runs on the Node.js that package-lock.json pins. The one that is
		// installed only has to run npm.
		"PATH="+p.Path("node_modules", ".bin")+string(filepath.ListSeparator)+p.Getenv("PATH"),
		// What V8 has compiled of cdktf, by the paths of its files: 13 MB that do not grow.
		// https://nodejs.org/docs/latest-v22.x/api/module.html#module-compile-cache
		"NODE_COMPILE_CACHE="+p.Path("build", "node-compile-cache"),
		// No look-ups of newer versions.
		"CHECKPOINT_DISABLE=1", "DISABLE_VERSION_CHECK=1",
	)
	if !terminal(p.Stdout) { // no animation where nobody watches
		environ = append(environ, "CI="+cmp.Or(p.Getenv("CI"), "1"))
	}
	return environ
}

// Patient is the environment in which cdktf may be at work on several stacks. Left to itself, it ends with a stack
// trace when one stack fails, and breaks off in the middle what it is doing to the stacks beside
// it. With the first option it lets them finish; without the second it warns of the first.
func (p *Project) Patient() []string {
	return append(p.environment(),
		"NODE_OPTIONS="+strings.TrimSpace(p.Getenv("NODE_OPTIONS")+" --unhandled-rejections=none --max-old-space-size=4096"))
}

// Cdktf is a run of cdktf on what is synthesized. Patient lets stacks finish beside one that fails.
func (p *Project) Cdktf(ctx context.Context, patient bool, variables []string, args ...string) error {
	environ := p.environment()
	if patient {
		environ = p.Patient()
	}
	return p.Run(ctx, Program{Path: p.Path("node_modules", ".bin", "cdktf"), Args: args, Environ: append(environ, variables...)})
}
