package order

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"plinth/cli/internal/sentence"
)

// stacks are stacks of a project in deployment order: each comes after all that it needs.
type stacks []stack

// inOrder sorts by the manifest's dependencies, then by name.
func inOrder(byName map[string]stack) (stacks, error) {
	var ordered stacks
	placed := map[string]bool{}
	rest := slices.Sorted(maps.Keys(byName))
	for len(rest) > 0 {
		// One round places every stack whose dependencies are placed, so that each comes as early as
		// possible.
		var ready, blocked []string
		for _, name := range rest {
			if slices.ContainsFunc(byName[name].Dependencies, func(d string) bool { return !placed[d] }) {
				blocked = append(blocked, name)
			} else {
				ready = append(ready, name)
			}
		}
		if len(ready) == 0 {
			return nil, refusal(fmt.Sprintf("cdktf.out/manifest.json: the dependencies of %s form a cycle or are missing. Synthesize again: ./plinth synth", sentence.List(blocked)))
		}
		for _, name := range ready {
			ordered = append(ordered, byName[name])
			placed[name] = true
		}
		rest = blocked
	}
	return ordered, nil
}

// find returns the stack with that name. If there is none, the error lists the stacks.
func (all stacks) find(name string) (stack, error) {
	names := make([]string, len(all))
	for i, s := range all {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	if len(names) == 0 {
		return stack{}, refusal(fmt.Sprintf("There is no stack %s: cdktf.out has none. Synthesize first: ./plinth synth", name))
	}
	if IsPattern(name) {
		slices.Sort(names)
		return stack{}, refusal(fmt.Sprintf("No stack matches %s.\nThe stacks are: %s", name, strings.Join(names, ", ")))
	}
	if slices.ContainsFunc(names, func(other string) bool { return strings.HasPrefix(other, name+"-") }) {
		return stack{}, refusal(fmt.Sprintf("There is no stack %s. Did you mean all stacks of that environment, '%[1]s-*'?", name))
	}
	nearest := sentence.Nearest(name, names)
	slices.Sort(names)
	return stack{}, refusal(fmt.Sprintf("There is no stack %s. Did you mean %s?\nThe stacks are: %s", name, nearest, strings.Join(names, ", ")))
}

// matching returns the stacks that cdktf would select for these names and patterns, in deployment
// order. A pattern that matches nothing is an error.
func (all stacks) matching(patterns []string) (stacks, error) {
	wanted := map[string]bool{}
	for _, pattern := range patterns {
		// Other patterns mean something else in path.Match than in cdktf's minimatch, or nothing:
		// [!p]* matches all but p… in minimatch, but p… and !… in path.Match.
		if strings.ContainsAny(pattern, `[]{}()!\`) {
			return nil, refusal(pattern + " is not a supported pattern. Use * and ? only, or name the stacks one by one.")
		}
		found := false
		for _, s := range all {
			if match, err := path.Match(pattern, s.Name); err != nil {
				return nil, fmt.Errorf("%s: %w", pattern, err)
			} else if match {
				wanted[s.Name], found = true, true
			}
		}
		if !found {
			_, err := all.find(pattern)
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(s stack) bool { return !wanted[s.Name] }), nil
}

// dependencies returns the stacks that target needs, directly or not, in deployment order.
func (all stacks) dependencies(target stack) stacks {
	wanted := map[string]bool{target.Name: true}
	var found stacks
	for _, s := range slices.Backward(all) {
		if !wanted[s.Name] {
			continue
		}
		for _, name := range s.Dependencies {
			wanted[name] = true
		}
		if s.Name != target.Name {
			found = append(found, s)
		}
	}
	slices.Reverse(found)
	return found
}

// dependants returns the stacks that need target, directly or not, in the order to destroy them.
func (all stacks) dependants(target stack) stacks {
	reached := map[string]bool{target.Name: true}
	var found stacks
	for _, s := range all {
		if slices.ContainsFunc(s.Dependencies, func(d string) bool { return reached[d] }) {
			reached[s.Name] = true
			found = append(found, s)
		}
	}
	slices.Reverse(found)
	return found
}
