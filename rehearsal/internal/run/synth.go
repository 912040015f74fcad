package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"plinth/rehearsal/internal/synthesized"
)

// Synth synthesizes the environment, with settings overridden as in
// PLINTH_DEV_APPS_APP_IMAGE_TAG=1.2.3. The first time it also creates the account.
//
// It runs Plinth's own program, without cdktf: cdktf synth would have Go build the same program
// again, and takes five times as long. The error is Plinth's message.
func (r *Rehearsal) Synth(ctx context.Context, overrides ...string) error {
	return r.SynthFrom(ctx, Source{Root: r.root, Synth: r.tools.Synth, Settings: r.tools.Settings}, overrides...)
}

// Source is a checkout of a version of Plinth.
type Source struct {
	// Root is its folder, which has its packages in node_modules. Synth is its program, which writes the stacks.
	Root, Synth string
	// Settings, unless empty, is the folder of the settings below Root, instead of environments.
	Settings string
	// Epoch, unless empty, is its time in Unix seconds: it is synthesized as on that day, on which it supported
	// its versions of Kubernetes and PostgreSQL.
	Epoch string
}

// SynthFrom is Synth with the program and the settings of a version. All that it does not synthesize,
// such as the simulators and the bootstrap command, is this version's. Another version than the last one
// goes on with the same account and states, and with the providers that its stacks pin.
func (r *Rehearsal) SynthFrom(ctx context.Context, source Source, overrides ...string) error {
	before, other := r.source, r.App != nil && source != r.source
	aside := r.Path("before")
	if other { // as in another checkout: Terraform has initialized nothing there
		if err := os.Rename(r.output(), aside); err != nil {
			return err
		}
	}
	r.source = source
	app, err := r.synthesize(ctx, overrides)
	if err != nil {
		r.source = before // which App is still of
		if other {
			err = errors.Join(err, os.RemoveAll(r.output()), os.Rename(aside, r.output()))
		}
		return err
	}
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	old := r.App
	r.App = app
	switch {
	case old == nil:
		return r.setUp(ctx)
	case other:
		return r.upgrade(old, before)
	}
	return r.learn(old)
}

func (r *Rehearsal) synthesize(ctx context.Context, overrides []string) (*synthesized.App, error) {
	write := func(folder string) error { return r.writeStacks(ctx, folder, overrides) }
	var err error
	if r.tools.Kept == nil || r.source.Root != r.root {
		err = write(r.output())
	} else {
		err = r.tools.Kept.copy(r.output(), append([]string{r.Env}, overrides...), write)
	}
	if err != nil {
		return nil, err
	}
	app, err := synthesized.Read(r.output())
	if err == nil && app.Bootstrap == nil {
		err = fmt.Errorf("there is no stack bootstrap-%s, which creates the state bucket and the roles", r.Env)
	}
	return app, err
}

// writeStacks has Plinth write its stacks into a folder. Terraform's own files there stay.
func (r *Rehearsal) writeStacks(ctx context.Context, folder string, overrides []string) error {
	write := Command{Name: "synth", Program: r.source.Synth, Folder: r.source.Root}
	if r.source.Settings != "" {
		write.Args = []string{"-environments", r.source.Settings}
	}
	write.Env = append(append(r.settings(), overrides...), "CDKTF_OUTDIR="+folder)
	if r.source.Epoch != "" {
		write.Env = append(write.Env, "SOURCE_DATE_EPOCH="+r.source.Epoch)
	}
	log, err := r.Do(ctx, write)
	if said := strings.TrimSpace(log.Text); err != nil && ctx.Err() == nil && said != "" {
		return errors.New(said)
	}
	return err
}

// CDKTFSynth is a run of cdktf synth into a folder.
func (r *Rehearsal) CDKTFSynth(folder string, overrides ...string) Command {
	c := r.cdktf("synth", "--output", folder)
	c.Env = append(r.settings(), overrides...)
	return c
}
