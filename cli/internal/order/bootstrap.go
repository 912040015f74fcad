package order

import (
	"fmt"
	"slices"
	"strings"

	"plinth/cli/internal/synthesized"
)

// Bootstrap is the prefix of the stack that an administrator deploys with ./plinth bootstrap. Its
// bucket stores the states of all stacks.
const Bootstrap = synthesized.Bootstrap

// refuseDeploy returns an error if one of the targets is a bootstrap stack.
func refuseDeploy(targets stacks) error {
	for _, target := range targets {
		if env, is := strings.CutPrefix(target.Name, Bootstrap); is {
			return refusal(fmt.Sprintf("%s must be deployed by an administrator, since its state moves into the bucket that it creates: ./plinth bootstrap %s shows the plan and asks.", target.Name, env))
		}
	}
	return nil
}

// refuseDestroy returns an error if one of the targets is a bootstrap stack.
func refuseDestroy(targets stacks) error {
	for _, target := range targets {
		if env, is := strings.CutPrefix(target.Name, Bootstrap); is {
			return refusal(fmt.Sprintf("%s is not destroyed: the states of %s are in its bucket. Nothing was destroyed. To destroy the rest: ./plinth destroy '%[2]s-*'. To take this stack down after that: see docs/recovery.md, \"Destroy the bootstrap stack\".", target.Name, env))
		}
	}
	return nil
}

// withoutBootstrap returns the other stacks, whose states can be read: a pipeline's role must not
// read a bootstrap stack's state, and without its bucket no other state exists.
func (all stacks) withoutBootstrap() stacks {
	return slices.DeleteFunc(all, func(s stack) bool { return strings.HasPrefix(s.Name, Bootstrap) })
}
