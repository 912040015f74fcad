package command

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plinth/cli/internal/order"
	"plinth/cli/internal/project"
)

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// environments completes the first argument with the names of environments.
func environments(p *project.Project) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return known(p), cobra.ShellCompDirectiveNoFileComp
	}
}

// known returns the names of the environments: each has a file.
func known(p *project.Project) []string {
	files, err := filepath.Glob(p.Path("environments", "*.yaml"))
	if err != nil {
		return nil
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".yaml")
	}
	return files
}

// ownStacks completes the arguments after an environment with the names of its stacks.
func ownStacks(p *project.Project) completion {
	return func(c *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return environments(p)(c, args, toComplete)
		}
		names, directive := stacks(p, 0)(c, args, toComplete)
		return slices.DeleteFunc(names, func(name string) bool { return environmentOf(p, name) != args[0] }), directive
	}
}

// environmentOf returns the environment of a stack: of dev and dev-eu, dev-eu-app is the longer one's.
func environmentOf(p *project.Project, stack string) string {
	longest := ""
	for _, name := range known(p) {
		if strings.HasPrefix(stack, name+"-") && len(name) > len(longest) {
			longest = name
		}
	}
	return longest
}

// stacks completes up to most arguments with the names of synthesized stacks; 0 means no limit. It
// leaves out the bootstrap stacks, which only an administrator deploys.
func stacks(p *project.Project, most int) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		all, err := order.List(p.Root, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, s := range all {
			if !strings.HasPrefix(s.Name, order.Bootstrap) && !slices.Contains(args, s.Name) {
				names = append(names, s.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
