package plan

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"plinth/cli/internal/synthesized"
)

// bootstrap is the prefix of the stack that creates an environment's roles. An administrator deploys it.
const bootstrap = synthesized.Bootstrap

// chosen returns the stacks that match the patterns, or without patterns all of the environment.
func chosen(all map[string]synthesized.Stack, environment string, patterns []string) ([]string, error) {
	var names, environments []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if of, is := strings.CutPrefix(name, bootstrap); is {
			environments = append(environments, of)
		} else {
			names = append(names, name)
		}
	}
	others := func(name string) bool { return synthesized.Owner(environments, name) != environment }
	if len(patterns) == 0 {
		found := slices.DeleteFunc(slices.Clone(names), others)
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: has no stacks; there are %s", environment, strings.Join(names, ", "))
		}
		return found, nil
	}
	var found []string
	for _, pattern := range patterns {
		matching := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			matches, err := path.Match(pattern, name)
			return err != nil || !matches
		})
		own := slices.DeleteFunc(slices.Clone(matching), others)
		switch {
		case len(matching) == 0:
			return nil, fmt.Errorf("%s: matches no stack; there are %s", pattern, strings.Join(names, ", "))
		case len(own) == 0:
			other := synthesized.Owner(environments, matching[0])
			return nil, fmt.Errorf("%s: is not a stack of %s but of %s; compare it with ./plinth drift %[3]s '%[1]s'", pattern, environment, other)
		}
		for _, name := range own {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found, nil
}
