package command

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plinth/cli/internal/order"
	"plinth/cli/internal/project"
	"plinth/cli/internal/synthesized"
)

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// newCompletion replaces cobra's own command, whose help names plinth, not ./plinth.
func newCompletion(p *project.Project) *cobra.Command {
	scripts := []struct {
		shell string
		write func(*cobra.Command) error
	}{
		{"bash", func(root *cobra.Command) error { return root.GenBashCompletionV2(p.Stdout, true) }},
		{"zsh", func(root *cobra.Command) error { return root.GenZshCompletion(p.Stdout) }},
		{"fish", func(root *cobra.Command) error { return root.GenFishCompletion(p.Stdout, true) }},
		{"powershell", func(root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(p.Stdout) }},
	}
	var shells []string
	for _, s := range scripts {
		shells = append(shells, s.shell)
	}
	return &cobra.Command{
		Use: "completion <shell>", Short: "Print the script that completes commands in bash, zsh, fish or powershell",
		Long: `The script completes commands, flags, environments, applications and stacks. Load it into the current shell:

  bash        source <(./plinth completion bash)     # needs the package bash-completion
  zsh         source <(./plinth completion zsh)
  fish        ./plinth completion fish | source
  powershell  ./plinth completion powershell | Out-String | Invoke-Expression

For every new shell, put that line into your shell's startup file, with the path of this clone in place of the dot.`,
		Example: `  ./plinth completion bash
  ./plinth completion zsh`,
		Args: exactly("shell"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return shells, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			for _, s := range scripts {
				if s.shell == args[0] {
					return s.write(c.Root())
				}
			}
			return errUsage(c, "%s: must be bash, zsh, fish or powershell.", args[0])
		},
	}
}

// environments completes the first argument with the names of environments.
func environments(p *project.Project) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return known(p), cobra.ShellCompDirectiveNoFileComp
	}
}

// applications completes an environment, and then one of its applications.
func applications(p *project.Project) completion {
	return func(c *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return environments(p)(c, args, toComplete)
		}
		return applicationNames(p, len(args) == 1, func(stacks map[string]synthesized.Stack) ([]synthesized.Application, error) {
			return synthesized.Applications(stacks, args[0])
		})
	}
}

// built completes the first argument with the applications whose image is built here.
func built(p *project.Project) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return applicationNames(p, len(args) == 0, func(stacks map[string]synthesized.Stack) ([]synthesized.Application, error) {
			all, err := synthesized.AllApplications(stacks)
			return slices.DeleteFunc(all, func(a synthesized.Application) bool { return !a.Builds(p.Root) }), err
		})
	}
}

func applicationNames(p *project.Project, wanted bool, find func(map[string]synthesized.Stack) ([]synthesized.Application, error)) ([]string, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	if !wanted {
		return nil, nothing
	}
	stacks, err := synthesized.Read(p.Root)
	if err != nil {
		return nil, nothing
	}
	all, err := find(stacks)
	if err != nil {
		return nil, nothing
	}
	return synthesized.Names(all), nothing
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
		environments := known(p)
		return slices.DeleteFunc(names, func(name string) bool { return synthesized.Owner(environments, name) != args[0] }), directive
	}
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
