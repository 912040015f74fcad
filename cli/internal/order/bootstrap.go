package order

import (
	"fmt"
	"slices"
	"strings"
)

// Bootstrap begins the name of the stack that an administrator deploys, with a program of its
// own. The states of all others are in its bucket.
const Bootstrap = "bootstrap-"

// refuseDeploy returns nil unless one of the targets is such a stack.
func refuseDeploy(targets stacks) error {
	for _, target := range targets {
		if env, is := strings.CutPrefix(target.Name, Bootstrap); is {
			return refusal(fmt.Sprintf("%s must be deployed by an administrator, since its state moves into the bucket that it creates: ./plinth bootstrap %s shows the plan and asks.", target.Name, env))
		}
	}
	return nil
}

// refuseDestroy returns nil unless one of the targets is such a stack.
func refuseDestroy(targets stacks) error {
	for _, target := range targets {
		if env, is := strings.CutPrefix(target.Name, Bootstrap); is {
			return refusal(fmt.Sprintf("%s is not destroyed: the states of %s are in its bucket. Nothing was destroyed. To destroy the rest: ./plinth destroy '%[2]s-*'. To take this stack down after that: see docs/recovery.md, \"Destroy the bootstrap stack\".", target.Name, env))
		}
	}
	return nil
}

// withoutBootstrap leaves these out of what is looked for: a pipeline's role must not read their
// states, and without their bucket there is no other.
func (all stacks) withoutBootstrap() stacks {
	return slices.DeleteFunc(all, func(s stack) bool { return strings.HasPrefix(s.Name, Bootstrap) })
}
