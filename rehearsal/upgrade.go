package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plinth/rehearsal/internal/rehearse"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
)

// upgrade is a rehearsal of the upgrade from another version to the working tree.
type upgrade struct {
	from   run.Source
	ref    string
	report string
}

// rehearse runs it, prints what it does to each stack, and returns the exit status.
func (u upgrade) rehearse(env, out string, tools run.Tools) int {
	u.from.Synth = filepath.Join(u.from.Root, "build", "synth")
	s := screen.New(os.Stdout)
	ctx, stop := interruptible(s)
	defer stop()
	passes, err := u.play(ctx, s, env, out, tools)
	switch {
	case ctx.Err() != nil:
		s.Line("Interrupted. The simulated account is discarded.")
		return interrupted
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return failed
	case passes:
		return passed
	}
	return failed
}

func (u upgrade) play(ctx context.Context, s *screen.Screen, env, out string, tools run.Tools) (passes bool, err error) {
	r, err := open(env, out, tools)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s.Line("Rehearsal of %s from %s to this version: real cdktf and Terraform, simulated AWS, Kubernetes and Helm. No AWS is involved.", env, u.ref)
	found, err := rehearse.Upgrade(ctx, r, s, u.from, u.ref)
	if err != nil {
		if u.report != "" && ctx.Err() == nil {
			err = errors.Join(err, add(u.report, report.NoUpgrade(env, u.ref, err)))
		}
		return false, err
	}
	s.Title("What deploying this version does to %s as of %s", env, u.ref)
	if err := found.Table(os.Stdout); err != nil {
		return false, err
	}
	if u.report != "" {
		if err := add(u.report, found.Markdown()); err != nil {
			return false, err
		}
		s.Line("\nreport:     %s", display(u.report))
	}
	s.Line("")
	s.Result(found.Passed(), found.Verdict())
	return found.Passed(), nil
}

func add(file, text string) error {
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
