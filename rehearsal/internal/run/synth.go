package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"plinth/rehearsal/internal/synthesized"
)

// Synth synthesizes the environment, with settings overridden as in
// PLINTH_DEV_APP_IMAGE_TAG=1.2.3. The first time it also creates the account.
//
// It runs Plinth's own program, without cdktf: cdktf synth would have Go build the same program
// again, and takes five times as long. The error is Plinth's message.
func (r *Rehearsal) Synth(ctx context.Context, overrides ...string) error {
	if err := r.synthesize(ctx, overrides); err != nil {
		return err
	}
	app, err := synthesized.Read(r.output())
	if err != nil {
		return err
	}
	if app.Bootstrap == nil {
		return fmt.Errorf("there is no stack bootstrap-%s, which creates the state bucket and the roles", r.Env)
	}
	first := r.App == nil
	r.App = app
	if first {
		err = r.setUp(ctx)
	}
	return err
}

func (r *Rehearsal) synthesize(ctx context.Context, overrides []string) error {
	if r.tools.Kept == nil {
		return r.writeStacks(ctx, r.output(), overrides)
	}
	return r.tools.Kept.copy(r.output(), append([]string{r.Env}, overrides...), func(folder string) error {
		return r.writeStacks(ctx, folder, overrides)
	})
}

// writeStacks has Plinth write its stacks into a folder. Terraform's own files there stay.
func (r *Rehearsal) writeStacks(ctx context.Context, folder string, overrides []string) error {
	write := Command{Name: "synth", Program: r.tools.Synth, Folder: r.root}
	write.Env = append(append(r.settings(), overrides...), "CDKTF_OUTDIR="+folder)
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
