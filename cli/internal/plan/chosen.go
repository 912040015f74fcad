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
const bootstrap = "bootstrap-"

// chosen returns the stacks that match the patterns, or without patterns all of the environment.
func chosen(all map[string]synthesized.Stack, environment string, patterns []string) ([]string, error) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return strings.HasPrefix(name, bootstrap) })
	if len(patterns) == 0 {
		found := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return owner(all, name) != environment })
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
		own := slices.DeleteFunc(slices.Clone(matching), func(name string) bool { return owner(all, name) != environment })
		switch {
		case len(matching) == 0:
			return nil, fmt.Errorf("%s: matches no stack; there are %s", pattern, strings.Join(names, ", "))
		case len(own) == 0:
			other := owner(all, matching[0])
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

// owner returns the environment of a stack: dev-eu for dev-eu-app, even if there is also dev.
func owner(all map[string]synthesized.Stack, stack string) string {
	longest := ""
	for name := range all {
		environment, is := strings.CutPrefix(name, bootstrap)
		if is && strings.HasPrefix(stack, environment+"-") && len(environment) > len(longest) {
			longest = environment
		}
	}
	return longest
}
