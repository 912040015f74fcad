// Package order tells in which order stacks are deployed, and whether those that a command names can be
// deployed, or destroyed, now.
//
// cdktf refuses a stack named without the stacks around it, whether these are deployed or not,
// unless CDKTF_IGNORE_MISSING_STACK_DEPENDENCIES is set, and then it checks nothing. This
// package is the check between the two: it reads the states. Several stacks cdktf puts in
// order itself, but it destroys them one after another, and the last may turn out to be protected.
// The package reads cdktf.out as it is, so synthesize first, and it changes nothing.
package order

import (
	"context"
	"errors"
	"strings"
	"time"
)

// patience is how long all states may take together. It leaves time to type the code of a
// second factor, and does not keep a pipeline waiting for a server that never answers.
const patience = 2 * time.Minute

// Stack is a stack and the stacks that it needs, all by their names.
type Stack struct {
	Name         string   `json:"name"`
	Dependencies []string `json:"dependencies"`
}

// List returns the stacks that the patterns name, or without any all, in the order they are deployed.
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

// IsPattern says that an argument may name several stacks.
func IsPattern(name string) bool { return strings.ContainsAny(name, "*?[]{}") }

// CheckDeploy returns nil when the stacks, or those that patterns match, can be deployed: one stack
// when all that it needs is deployed, else an [Early] error. Of several cdktf itself keeps the order.
func CheckDeploy(ctx context.Context, dir string, patterns []string) error {
	all, targets, err := find(dir, patterns)
	if err == nil {
		err = refuseDeploy(targets)
	}
	if err != nil || !Single(patterns) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return checkDeploy(ctx, all, targets[0])
}

// CheckDestroy returns nil when the stacks, or those that patterns match, can be destroyed: none
// is protected, and of one stack nothing that needs it is left.
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
	if err := checkUnprotected(ctx, targets); err != nil || !Single(patterns) {
		return err
	}
	return checkDestroy(ctx, all, targets[0])
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

// Single says that one stack is named, by its name.
func Single(patterns []string) bool { return len(patterns) == 1 && !IsPattern(patterns[0]) }

// refusal is an error in whole sentences for the person who typed the command. It can have
// several lines.
type refusal string

func (r refusal) Error() string { return string(r) }

// Early is a refusal of what can be done once something else is.
type Early string

func (e Early) Error() string { return string(e) }

// IsEarly says that an error is an [Early] one.
func IsEarly(err error) bool { return errors.As(err, new(Early)) }
