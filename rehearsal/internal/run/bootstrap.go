package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plinth/rehearsal/internal/cloud"
)

// Bootstrap deploys, as the administrator, the stack that makes the bucket for states and the
// roles of pipelines. It makes its own state's bucket: so the state begins in a file, and moves.
func (r *Rehearsal) Bootstrap(ctx context.Context) error {
	stack := r.App.Bootstrap
	override := filepath.Join(stack.Folder, "local_override.tf.json")
	if err := os.WriteFile(override, []byte(`{"terraform":{"backend":{"local":{}}}}`), 0o600); err != nil {
		return err
	}
	run := func(args ...string) error {
		log, err := r.Do(ctx, r.Terraform(stack.Name, append(args, "-input=false", "-no-color")...))
		if err == nil {
			return nil
		}
		if at := strings.Index(log.Text, "\nError: "); at >= 0 {
			log.Text = log.Text[at:]
		}
		return errors.Join(errors.New(strings.TrimSpace(log.Text)), err)
	}
	if err := run("init"); err != nil {
		return err
	}
	if err := run("apply", "-auto-approve"); err != nil {
		return err
	}
	if err := os.Remove(override); err != nil {
		return err
	}
	if err := run("init", "-migrate-state", "-force-copy"); err != nil {
		return err
	}
	for _, left := range []string{"terraform.tfstate", "terraform.tfstate.backup"} {
		if err := os.RemoveAll(filepath.Join(stack.Folder, left)); err != nil {
			return err
		}
	}
	return nil
}

// GiveBootstrap puts in place of that stack what the others need of it: a bucket with a key, and
// the principals that they name. Its roles are not there.
func (r *Rehearsal) GiveBootstrap() error {
	stack := r.App.Stacks[0]
	made, key := r.App.FromBootstrap(), ""
	if i := slices.Index(made, stack.KMSKey); i >= 0 {
		made, key = slices.Delete(made, i, i+1), stack.KMSKey
	}
	return r.Cloud().Update(func(w *cloud.World) error {
		w.Given = append(w.Given, made...)
		return w.GiveBucket(stack.Bucket, key)
	})
}
