package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"plinth/cli/internal/dockerfile"
)

// resolver finds out which programs the processes run.
type resolver struct {
	*run
	ctx   context.Context
	image []string // the command of the Dockerfile
	err   error    // why there is none
	isGo  bool
	built string // the Go program, once it is built
}

func (r *run) newResolver(ctx context.Context) *resolver {
	image, err := dockerfile.Command(filepath.Join(r.Root, filepath.FromSlash(r.App.Build.File())))
	_, module := os.Stat(filepath.Join(r.folder, "go.mod"))
	return &resolver{run: r, ctx: ctx, image: image, err: err, isGo: module == nil}
}

// resolve sets the command of a process that has none, and checks that its program is here.
func (r *resolver) resolve(p *process) error {
	set := len(p.command) > 0
	if !set {
		if r.err != nil && (!errors.Is(r.err, os.ErrNotExist) || !r.isGo) {
			return r.unset(p, r.err)
		}
		p.command = r.image
	}
	// The program of an image is built with it. That of a Go module can be built here as well.
	if r.isGo && (len(p.command) == 0 || strings.Contains(p.command[0], "/") && r.image != nil && p.command[0] == r.image[0]) {
		program, err := r.build()
		if err != nil {
			return err
		}
		p.command = append([]string{program}, p.command[min(1, len(p.command)):]...)
		return nil
	}
	if _, err := r.find(p.command[0]); err != nil {
		if !set {
			return r.unset(p, err)
		}
		return fmt.Errorf("%s.command: %w", p.path, err)
	}
	return nil
}

// unset says why the image's own command cannot be run here.
func (r *resolver) unset(p *process, err error) error {
	file := r.App.Build.File()
	if errors.Is(err, os.ErrNotExist) {
		err = errors.New("there is none")
	}
	return fmt.Errorf("%s.command: is not set, and the command of %s cannot be run here: %w; set it in %s, such as [node, server.js]", p.path, file, err, r.settingsFile())
}

// build builds the Go program in the application's folder, once. It is not go run: that would not pass on
// SIGTERM.
func (r *resolver) build() (string, error) {
	if r.built != "" {
		return r.built, nil
	}
	program := filepath.Join(r.State, "bin", r.App.Name)
	r.say("Building %s with go build", r.short(r.folder))
	command := exec.CommandContext(r.ctx, "go", "build", "-o", program, ".")
	command.Dir, command.Env = r.folder, append(r.Environ, "PWD="+r.folder)
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build in %s: %w\n%s", r.short(r.folder), err, strings.TrimSpace(string(out)))
	}
	r.built = program
	return program, nil
}

// find returns the path of a program: in the application's folder if its name has a slash, otherwise in the
// user's PATH.
func (r *run) find(program string) (string, error) {
	if strings.Contains(program, "/") {
		path := program
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.folder, path)
		}
		if !executable(path) {
			return "", fmt.Errorf("%s is no program of this machine", r.short(path))
		}
		return path, nil
	}
	for _, folder := range filepath.SplitList(r.getenv("PATH")) {
		if path := filepath.Join(folder, program); filepath.IsAbs(folder) && executable(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not in this machine's PATH; install it, or enter the environment that has it", program)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// getenv returns a variable that all processes have.
func (r *run) getenv(name string) string { return r.environment(&process{})[name] }
