package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// servedModule is the only provider module that is published for Go. Those of the other
// providers are not, so they stay replaced in both programs.
const servedModule = "github.com/cdktf/cdktf-provider-aws-go/"

// build compiles Plinth twice: with go.mod, and with the published AWS bindings.
func (b *bench) build() (err error) {
	b.say("building Plinth")
	if b.slimBuild, err = b.goBuild(slim); err != nil || b.small {
		return err
	}
	mod, err := b.publishedModfile()
	if err != nil {
		return err
	}
	b.say("building Plinth on the published AWS bindings")
	// go.sum lacks the published module: -mod=mod adds it to the other file's sums.
	b.publishedBuild, err = b.goBuild(published, "-mod=mod", "-modfile="+mod)
	return err
}

func (b *bench) goBuild(program string, flags ...string) (duration, error) {
	args := append([]string{"build", "-o", b.binary(program)}, flags...)
	cmd := exec.CommandContext(b.ctx, "go", append(args, ".")...)
	cmd.Dir = b.root
	started := time.Now()
	if output, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, output)
	}
	return duration(time.Since(started)), nil
}

// publishedModfile writes a copy of go.mod that does not replace the AWS bindings.
func (b *bench) publishedModfile() (string, error) {
	source := filepath.Join(b.root, "go.mod")
	content, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	content, err = withoutReplacement(source, content, servedModule)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.dir, "published.mod")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(b.root, "go.sum"))
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(filepath.Join(b.dir, "published.sum"), sums, 0o644)
}

// withoutReplacement drops the replacement of the one module whose path starts with prefix.
func withoutReplacement(path string, content []byte, prefix string) ([]byte, error) {
	file, err := modfile.Parse(path, content, nil)
	if err != nil {
		return nil, err
	}
	for _, replace := range file.Replace {
		if strings.HasPrefix(replace.Old.Path, prefix) {
			if err := file.DropReplace(replace.Old.Path, replace.Old.Version); err != nil {
				return nil, err
			}
			file.Cleanup()
			return file.Format()
		}
	}
	return nil, fmt.Errorf("%s replaces no module below %s: there is nothing to compare", path, prefix)
}
