// Package order sorts stacks in deployment order, and checks whether stacks can be deployed or
// destroyed now.
//
// cdktf deploys a single stack only together with the stacks that it depends on, even if they are
// deployed. With CDKTF_IGNORE_MISSING_STACK_DEPENDENCIES it checks nothing. This package reads the
// states and so checks what cdktf does not. cdktf puts several stacks in order itself. But it
// destroys them one after another, and the last one may turn out to be protected. The package
// changes nothing. It reads cdktf.out, so synthesize first.
package order

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// patience is the time limit for reading all states. It leaves time to type the code of a second
// factor, and ends a pipeline's wait for a server that never answers.
const patience = 2 * time.Minute

// Stack is a stack and the stacks that it needs, all by their names.
type Stack struct {
	Name         string   `json:"name"`
	Dependencies []string `json:"dependencies"`
}

// List returns the stacks that match the patterns, in deployment order. Without patterns it returns
// all stacks.
func List(dir string, patterns []string) ([]Stack, error) {
	all, err := load(dir)
	if err == nil && len(patterns) > 0 {
		all, err = all.matching(patterns)
	}
	if err != nil {
		return nil, err
	}
	list := make([]Stack, len(all))
	for i, s := range all {
		list[i] = Stack{s.Name, s.Dependencies}
	}
	return list, nil
}

// IsPattern reports whether an argument may match several stacks.
func IsPattern(name string) bool { return strings.ContainsAny(name, "*?[]{}") }

// CheckDeploy returns nil when the stacks that patterns match can be deployed. One stack needs all
// its dependencies deployed, or the error is an [Early] one. cdktf itself orders several stacks. No
// state may name a provider that its stack does not require.
func CheckDeploy(ctx context.Context, dir string, patterns []string) error {
	all, targets, err := find(dir, patterns)
	if err == nil {
		err = refuseDeploy(targets)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var needed stacks
	if Single(patterns) {
		needed = all.dependencies(targets[0]).withoutBootstrap()
	}
	held, err := readStates(ctx, slices.Concat(needed, targets))
	if err == nil {
		err = checkDeployed(targets[0].Name, needed, held)
	}
	if err != nil {
		return err
	}
	return checkProviders(targets, held)
}

// CheckDestroy returns nil when the stacks that patterns match can be destroyed: none is protected,
// no state names a provider that its stack does not require, and none has a locked backup vault. For one
// stack, no stack that needs it may have a resource.
func CheckDestroy(ctx context.Context, dir string, patterns []string) error {
	all, targets, err := find(dir, patterns)
	if err == nil {
		err = refuseDestroy(targets)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	held, err := checkUnprotected(ctx, targets)
	if err != nil {
		return err
	}
	var dependants stacks
	if Single(patterns) {
		dependants = all.dependants(targets[0])
	}
	rest := slices.DeleteFunc(slices.Concat(targets, dependants), func(s stack) bool { _, read := held[s.Name]; return read })
	more, err := readStates(ctx, rest)
	if err != nil {
		return err
	}
	maps.Copy(more, held)
	if err := errors.Join(checkProviders(targets, more), checkUnlocked(targets, more)); err != nil {
		return err
	}
	return checkNotNeeded(targets[0].Name, dependants, more)
}

func find(dir string, patterns []string) (all, targets stacks, err error) {
	if all, err = load(dir); err != nil {
		return nil, nil, err
	}
	if Single(patterns) {
		target, err := all.find(patterns[0])
		return all, stacks{target}, err
	}
	targets, err = all.matching(patterns)
	return all, targets, err
}

// Single reports whether the only argument is one stack's name.
func Single(patterns []string) bool { return len(patterns) == 1 && !IsPattern(patterns[0]) }

// refusal is an error in whole sentences for the person who typed the command. It can have
// several lines.
type refusal string

func (r refusal) Error() string { return string(r) }

// Early is a refusal because other stacks must be deployed first.
type Early string

func (e Early) Error() string { return string(e) }

// IsEarly reports whether err is or wraps an [Early] error.
func IsEarly(err error) bool { return errors.As(err, new(Early)) }
