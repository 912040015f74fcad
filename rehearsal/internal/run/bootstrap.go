package run

import (
	"context"
	"errors"
	"slices"
	"strings"

	"plinth/rehearsal/internal/cloud"
)

// Bootstrap runs ./plinth bootstrap as the administrator. It deploys the stack with the bucket for
// states and the roles of pipelines.
func (r *Rehearsal) Bootstrap(ctx context.Context) error {
	log, err := r.Do(ctx, Command{
		Name: "bootstrap", Program: r.tools.Command, Folder: r.root,
		Args: []string{"bootstrap", r.Env, "--skip-synth", "--auto-approve", "--state", r.Path("administrator")},
	})
	if err != nil {
		return errors.Join(errors.New(strings.TrimSpace(log.Text)), err)
	}
	return nil
}

// Impact is a run of ./plinth impact, which prints as JSON what the plan of a stack changes and costs. The
// file has the plan as terraform show -json prints it.
func (r *Rehearsal) Impact(stack, file string) Command {
	return Command{Name: "impact", Program: r.tools.Command, Folder: r.root, Args: []string{"impact", stack, file}}
}

// GiveBootstrap creates what the other stacks need, without deploying the bootstrap stack: a bucket
// with a key, and the principals that they name. The roles of pipelines are missing.
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
