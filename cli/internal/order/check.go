package order

import (
	"fmt"
	"strings"

	"plinth/cli/internal/sentence"
)

// checkDeployed returns nil when every stack that target needs is deployed.
func checkDeployed(target string, needed stacks, held map[string]contents) error {
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
		target, sentence.List(missing), have, first("deploy", missing)))
}

// checkNotNeeded returns nil when no stack that needs target has a resource.
func checkNotNeeded(target string, dependants stacks, held map[string]contents) error {
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
		target, sentence.List(described), first("destroy", left)))
}

// checkProviders returns nil when no target has a provider in its state that it does not require.
func checkProviders(targets stacks, held map[string]contents) error {
	for _, s := range targets {
		if err := held[s.Name].foreign; err != nil {
			return err
		}
	}
	return nil
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
