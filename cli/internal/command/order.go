package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plinth/cli/internal/order"
	"plinth/cli/internal/project"
	"plinth/cli/internal/synthesized"
)

func newOrder(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "order [stack]...",
		Short: "List the stacks in deployment order, with their dependencies",
		Example: `  ./plinth order 'dev-*'
  ./plinth order --output json`,
		ValidArgsFunction: stacks(p, 0),
	}
	skip, format := skipSynth(c), output(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		asJSON, err := asJSON(*format)
		if err != nil {
			return err
		}
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		list, err := order.List(p.Root, args)
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(p.Stdout, list)
		}
		printOrder(p, list)
		return nil
	}
	return c
}

// printOrder prints the stacks environment by environment, which are deployed independently.
func printOrder(p *project.Project, list []order.Stack) {
	environments := known(p)
	env := func(s order.Stack) string {
		if name, bootstrap := strings.CutPrefix(s.Name, order.Bootstrap); bootstrap {
			return name
		}
		return synthesized.Owner(environments, s.Name)
	}
	slices.SortStableFunc(list, func(a, b order.Stack) int { return strings.Compare(env(a), env(b)) })
	row := func(name, needs string) {
		fmt.Fprintln(p.Stdout, strings.TrimRight(fmt.Sprintf("%-24s %s", name, needs), " "))
	}
	row("STACK", "NEEDS")
	for i, s := range list {
		if i > 0 && env(s) != env(list[i-1]) {
			fmt.Fprintln(p.Stdout)
		}
		row(s.Name, strings.Join(s.Dependencies, " "))
	}
}
