package project

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"plinth/cli/internal/synthesized"
	"plinth/settings"
)

// installed is the file that npm writes last, so that Setup repeats an interrupted installation.
const installed = "node_modules/.package-lock.json"

// Setup checks the machine, installs what package-lock.json pins and generates the bindings. It
// skips what is up to date.
func (p *Project) Setup(ctx context.Context) error {
	if err := p.Run(ctx, Program{Path: "/bin/sh", Args: []string{p.Path("tools", "requirements.sh")}}); err != nil {
		return err
	}
	if p.stale(installed, "package.json", "package-lock.json") {
		p.Say("Installing the versions of package-lock.json (half a minute the first time)")
		if err := p.Run(ctx, Program{Path: "npm", Args: []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}}); err != nil {
			return fmt.Errorf("npm ci: %w", err)
		}
		now := time.Now()
		if err := os.Chtimes(p.Path(installed), now, now); err != nil {
			return err
		}
	}
	return p.Run(ctx, Program{Path: "go", Args: []string{"run", "-C", "tools", "./bindings"}, Environ: p.environment()})
}

// stale reports whether file is missing or older than one of the others.
func (p *Project) stale(file string, others ...string) bool {
	made, err := os.Stat(p.Path(file))
	if err != nil {
		return true
	}
	for _, other := range others {
		if changed, err := os.Stat(p.Path(other)); err != nil || changed.ModTime().After(made.ModTime()) {
			return true
		}
	}
	return false
}

// The program that synthesizes, and the folder of the others, in build.
const (
	synth    = "synth"
	programs = "programs"
)

// build builds packages of a module into the folder build.
func (p *Project) build(ctx context.Context, module, output string, packages ...string) error {
	built := p.Path("build", output)
	if len(packages) > 1 { // output is then a folder
		if err := os.MkdirAll(built, 0o755); err != nil {
			return err
		}
	}
	args := append([]string{"build", "-C", module, "-o", built}, packages...)
	return p.Run(ctx, Program{Path: "go", Args: args})
}

// program runs [Project.Setup] and builds the program that synthesizes.
func (p *Project) program(ctx context.Context) error {
	if err := p.Setup(ctx); err != nil {
		return err
	}
	return p.build(ctx, ".", synth, ".")
}

// Synth writes the Terraform JSON of every stack. cdktf synth would do the same more slowly. The
// variables override settings, as in PLINTH_DEV_APP_IMAGE_TAG=1.0.0.
func (p *Project) Synth(ctx context.Context, variables ...string) error {
	if err := p.program(ctx); err != nil {
		return err
	}
	return p.Resynth(ctx, variables...)
}

// Resynth is [Project.Synth] with the program that was built last.
func (p *Project) Resynth(ctx context.Context, variables ...string) error {
	environ := append(p.environment(), "CDKTF_OUTDIR="+synthesized.Folder(p.Root))
	// Stdout is for the command's own output.
	return p.Run(ctx, Program{Path: p.Path("build", synth), Environ: append(environ, variables...), Stdout: p.Stderr})
}

// Images writes the images that all charts run to a file, by policy's -images. It synthesizes apart
// from the stacks that are deployed, without image mirrors and recorded digests.
func (p *Project) Images(ctx context.Context, file string) error {
	if err := p.program(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(p.Path("build", "policy")); err != nil {
		p.Say("Building what renders the charts (a minute the first time)")
	}
	if err := p.build(ctx, "policy", "policy", "."); err != nil {
		return err
	}
	const stacks = "build/images"
	environ := append(p.environment(), "CDKTF_OUTDIR="+p.Path(stacks))
	write := Program{Path: p.Path("build", synth), Args: []string{"-layers", "-published-images"}, Environ: environ, Stdout: p.Stderr}
	if err := p.Run(ctx, write); err != nil {
		return err
	}
	var list bytes.Buffer
	render := Program{Path: p.Path("build", "policy"), Args: []string{"-images", "-out", stacks}, Stdout: &list}
	if err := p.Run(ctx, render); err != nil {
		return err
	}
	return os.WriteFile(file, list.Bytes(), 0o600)
}

// Check checks the settings of all environments, and prints its warnings. It needs nothing that
// [Project.Setup] installs.
func (p *Project) Check() error {
	environments, err := settings.Load(p.Path("environments"), p.Environ)
	var problems settings.Problems
	if errors.As(err, &problems) {
		for i := range problems {
			problems[i].File = p.Short(problems[i].File)
		}
	}
	for _, env := range environments {
		for _, warning := range env.Warnings {
			warning.File = p.Short(warning.File)
			p.Say("Warning: %s", warning)
		}
	}
	return err
}
