package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"plinth/cli/internal/markdown"
)

// Rehearsal is what to rehearse.
type Rehearsal struct {
	Env string
	// Keep keeps the deployment. Cluster uses a real Kubernetes control plane.
	Keep, Cluster bool
	// From are commits, branches or tags: from each, the environment is deployed as of then, and then as it is
	// now. Report is the file for what that does.
	From []string
	// FromRelease adds the nearest tag v* that HEAD contains to them, if there is one.
	FromRelease bool
	Report      string
}

// Rehearse builds the programs that a rehearsal needs, and runs it. make builds Kubernetes, which
// few need.
func (p *Project) Rehearse(ctx context.Context, r Rehearsal) error {
	command, err := os.Executable()
	if err != nil {
		return err
	}
	upgrade := r.FromRelease || len(r.From) > 0
	var from []*version
	if upgrade {
		if err := removeReport(r.Report); err != nil {
			return err
		}
		if from, err = p.rehearsed(ctx, r); err != nil {
			return err
		}
		if len(from) == 0 {
			const nothing = "Nothing to rehearse from: there is no release yet."
			p.Say(nothing)
			return appendText(r.Report, nothing)
		}
	}
	args := []string{"-env", r.Env, "-command", command}
	if r.Keep {
		args = append(args, "-keep")
	}
	if err := p.program(ctx); err != nil {
		return err
	}
	if err := p.build(ctx, "rehearsal", programs, ".", "./standin"); err != nil {
		return err
	}
	if r.Cluster {
		if err := p.Run(ctx, Program{Path: "make", Args: []string{"--no-print-directory", "kubernetes"}}); err != nil {
			return errors.New("the Kubernetes control plane could not be built; see above")
		}
		args = append(args, "-kubernetes", p.Path("build", "kubernetes"))
	}
	if !upgrade {
		return p.rehearse(ctx, args)
	}
	if err := keepOnly(p.versions(r.Env), from); err != nil {
		return err
	}
	return p.rehearseFrom(ctx, from, r, args)
}

// removeReport removes the report of an earlier rehearsal: the new ones are appended.
func removeReport(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("--report %s: is a folder; name a file", file)
	}
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// rehearsed finds the versions to rehearse from, each once.
func (p *Project) rehearsed(ctx context.Context, r Rehearsal) ([]*version, error) {
	if r.FromRelease {
		release, err := p.lastRelease(ctx)
		if err != nil {
			return nil, err
		}
		if release != "" {
			r.From = append(slices.Clone(r.From), release)
		}
	}
	var all []*version
	for _, ref := range r.From {
		v, err := p.version(ctx, ref, r.Env)
		if err != nil {
			return nil, err
		}
		// Such as a release that is the target branch.
		if !slices.ContainsFunc(all, func(other *version) bool { return other.commit == v.commit }) {
			all = append(all, v)
		}
	}
	return all, nil
}

func (p *Project) rehearse(ctx context.Context, args []string) error {
	return p.Run(ctx, Program{Path: p.Path("build", programs, "rehearsal"), Args: args, Environ: p.environment()})
}

// rehearseFrom rehearses from each version, and returns the first error of all.
func (p *Project) rehearseFrom(ctx context.Context, from []*version, r Rehearsal, args []string) error {
	report, err := filepath.Abs(r.Report)
	if err != nil {
		return err
	}
	var first error
	for _, v := range from {
		err := v.checkOut(ctx, p)
		if err == nil {
			err = p.rehearse(ctx, append(slices.Clone(args), "-from", v.Root, "-ref", v.ref, "-epoch", v.epoch, "-report", report))
		} else if ctx.Err() == nil {
			err = errors.Join(err, appendText(report, notRehearsed(r.Env, v.ref, err)))
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// notRehearsed is the section of a version that could not be built, as the rehearsal writes those of others.
func notRehearsed(env, ref string, err error) string {
	return fmt.Sprintf("#### %s, deployed from %s\n\n**Not rehearsed**: %s\n", markdown.Plain(env), markdown.Plain(ref), markdown.Plain(err.Error()))
}

func appendText(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	to, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to, text)
	return errors.Join(err, to.Close())
}
