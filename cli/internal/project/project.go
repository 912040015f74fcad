// Package project installs and builds what a command needs in the repository, and runs other
// programs there.
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

// Project is a clone of Plinth's repository.
type Project struct {
	// Root is the repository's folder.
	Root string
	// Environ is the user's environment.
	Environ []string
	Stdin   io.Reader
	// Stdout is for output that a program may read, Stderr for people.
	Stdout, Stderr io.Writer
}

// Open returns the project that contains dir, with this process's environment and streams.
func Open(dir string) (*Project, error) {
	root, err := synthesized.Root(dir)
	if err != nil {
		return nil, err
	}
	return &Project{Root: root, Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}, nil
}

// Path returns the path of a file of the project.
func (p *Project) Path(parts ...string) string {
	return filepath.Join(append([]string{p.Root}, parts...)...)
}

// Short returns path relative to the project's folder, or path itself if that is shorter.
func (p *Project) Short(path string) string {
	short, err := filepath.Rel(p.Root, path)
	if err != nil || len(short) > len(path) {
		return path
	}
	return short
}

// Getenv returns a variable of the user's environment, empty where there is none.
func (p *Project) Getenv(name string) string {
	for _, variable := range slices.Backward(p.Environ) { // the last of two counts
		if value, found := strings.CutPrefix(variable, name+"="); found {
			return value
		}
	}
	return ""
}

// Say prints a line for people.
func (p *Project) Say(format string, args ...any) { fmt.Fprintf(p.Stderr, format+"\n", args...) }

// Interactive reports whether somebody is at a terminal to answer.
func (p *Project) Interactive() bool { return terminal(p.Stdin) }

// Colors reports whether Stdout shows colours.
//
// https://no-color.org
func (p *Project) Colors() bool { return terminal(p.Stdout) && p.Getenv("NO_COLOR") == "" }

func terminal(stream any) bool {
	file, is := stream.(*os.File)
	return is && term.IsTerminal(int(file.Fd()))
}

// environment returns the user's environment, adapted to cdktf, Terraform and Node.js.
func (p *Project) environment() []string {
	environ := append(slices.Clone(p.Environ),
		// As npx does: cdktf runs on the Node.js that package-lock.json pins. The machine's own
		// Node.js only has to run npm.
		"PATH="+p.Path("node_modules", ".bin")+string(filepath.ListSeparator)+p.Getenv("PATH"),
		// V8's compiled code of cdktf, by the paths of its files. It does not grow beyond 13 MB.
		// https://nodejs.org/docs/latest-v22.x/api/module.html#module-compile-cache
		"NODE_COMPILE_CACHE="+p.Path("build", "node-compile-cache"),
		// Do not look for newer versions.
		"CHECKPOINT_DISABLE=1", "DISABLE_VERSION_CHECK=1",
	)
	if !terminal(p.Stdout) { // no animation where nobody watches
		environ = append(environ, "CI="+cmp.Or(p.Getenv("CI"), "1"))
	}
	return environ
}

// Patient returns the environment for cdktf to work on several stacks. By default, when one stack
// fails, cdktf exits with a stack trace and aborts the others. With the first option it lets them
// finish. Without the second it would warn that NODE_OPTIONS lacks it.
func (p *Project) Patient() []string {
	return append(p.environment(),
		"NODE_OPTIONS="+strings.TrimSpace(p.Getenv("NODE_OPTIONS")+" --unhandled-rejections=none --max-old-space-size=4096"))
}

// Cdktf runs cdktf on the synthesized stacks. With patient, the other stacks finish when one fails.
func (p *Project) Cdktf(ctx context.Context, patient bool, variables []string, args ...string) error {
	environ := p.environment()
	if patient {
		environ = p.Patient()
	}
	return p.Run(ctx, Program{Path: p.Path("node_modules", ".bin", "cdktf"), Args: args, Environ: append(environ, variables...)})
}
