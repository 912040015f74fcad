package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// help writes the root's help, which is also the file help, or a subcommand's: what it does,
// examples, flags.
func help(c *cobra.Command, _ []string) {
	if c.HasParent() {
		fmt.Fprint(c.OutOrStdout(), subcommandHelp(c))
		return
	}
	fmt.Fprint(c.OutOrStdout(), rootHelp(c))
}

const (
	intro = "Plinth: the commands in the order they are used. ./plinth <command> --help has examples.\n"
	outro = `
Settings: environments/<name>.yaml. Any of them can be overridden: PLINTH_DEV_APPS_APP_IMAGE_TAG=1.2.3
Stacks of dev, in order: bootstrap-dev, dev-network, dev-data, dev-cluster, dev-addons, dev-app, dev-observability
cdktf itself works as well: npx cdktf diff dev-app; npx cdktf deploy 'dev-*'; npx cdktf destroy 'dev-*'
Exit codes: 0 done, 1 failed or refused, 2 drift, 3 not yet: a needed stack is not deployed, 130 interrupted
`
)

func rootHelp(root *cobra.Command) string {
	var text strings.Builder
	text.WriteString(intro)
	for _, group := range root.Groups() {
		fmt.Fprintf(&text, "\n%s\n", group.Title)
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && c.IsAvailableCommand() {
				fmt.Fprintf(&text, "  %-29s %s\n", usage(c), c.Short)
			}
		}
	}
	text.WriteString(outro)
	return text.String()
}

// usage returns a command with its arguments, without "[flags]".
func usage(c *cobra.Command) string { return strings.TrimSuffix(c.Use, " [flags]") }

func subcommandHelp(c *cobra.Command) string {
	var text strings.Builder
	text.WriteString(c.Short + ".\n")
	if c.Long != "" {
		text.WriteString("\n" + strings.TrimSpace(c.Long) + "\n")
	}
	if c.Example != "" {
		text.WriteString("\nExamples:\n" + strings.TrimRight(c.Example, "\n") + "\n")
	}
	fmt.Fprintf(&text, "\nUsage:\n  %s\n", c.UseLine())
	if c.HasAvailableSubCommands() {
		text.WriteString("\n")
		for _, sub := range c.Commands() {
			fmt.Fprintf(&text, "  %-12s %s\n", sub.Name(), sub.Short)
		}
	}
	if flags := c.LocalFlags().FlagUsages(); flags != "" {
		text.WriteString("\nFlags:\n" + flags)
	}
	return text.String()
}
