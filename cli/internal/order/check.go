package order

import (
	"context"
	"fmt"
	"strings"

	"plinth/cli/internal/sentence"
)

// checkDeploy returns nil when every stack that target needs is deployed.
func checkDeploy(ctx context.Context, all stacks, target stack) error {
	needed := all.dependencies(target).withoutBootstrap()
	held, err := readStates(ctx, needed)
	if err != nil {
		return err
	}
	var missing []string
	for _, s := range needed {
		if held[s.Name].total() == 0 {
			missing = append(missing, s.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	have := "has"
	if len(missing) > 1 {
		have = "have"
	}
	return Early(fmt.Sprintf("%s needs %s, which %s not been deployed. %s",
		target.Name, sentence.List(missing), have, first("deploy", missing)))
}

// checkDestroy returns nil when no stack that needs target has a resource.
func checkDestroy(ctx context.Context, all stacks, target stack) error {
	dependants := all.dependants(target)
	held, err := readStates(ctx, dependants)
	if err != nil {
		return err
	}
	var left, described []string
	for _, s := range dependants {
		switch n := held[s.Name].total(); n {
		case 0:
			continue
		case 1:
			described = append(described, s.Name+" (1 resource)")
		default:
			described = append(described, fmt.Sprintf("%s (%d resources)", s.Name, n))
		}
		left = append(left, s.Name)
	}
	if len(left) == 0 {
		return nil
	}
	return refusal(fmt.Sprintf("%s is still needed by %s. %s",
		target.Name, sentence.List(described), first("destroy", left)))
}

// first returns what to do first: one command within the sentence, several on lines of their own
// that can be copied together.
func first(verb string, names []string) string {
	commands := make([]string, len(names))
	for i, name := range names {
		commands[i] = "./plinth " + verb + " " + name
	}
	sentence := strings.ToUpper(verb[:1]) + verb[1:]
	if len(commands) == 1 {
		return sentence + " it first: " + commands[0]
	}
	return sentence + " them first, in this order:\n  " + strings.Join(commands, "\n  ")
}
