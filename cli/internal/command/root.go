package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"plinth/cli/internal/project"
)

// The groups of commands, in the order they are used.
const (
	tryGroup     = "try"
	deployGroup  = "deploy"
	appGroup     = "app"
	accessGroup  = "access"
	projectGroup = "project"
)

func newRoot(p *project.Project) *cobra.Command {
	root := &cobra.Command{
		Use:                        "plinth", // the name that shells complete
		Annotations:                map[string]string{cobra.CommandDisplayNameAnnotation: "./plinth"},
		Version:                    version,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true, // Run prints them, once
		SilenceUsage:               true,
		Args:                       unknownCommand,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("plinth {{.Version}}\n")
	root.AddGroup(
		&cobra.Group{ID: tryGroup, Title: "Try it, without AWS"},
		&cobra.Group{ID: deployGroup, Title: "Deploy, with AWS credentials of the environment's account"},
		&cobra.Group{ID: appGroup, Title: "The applications"},
		&cobra.Group{ID: accessGroup, Title: "Private access"},
		&cobra.Group{ID: projectGroup, Title: "The project"},
	)
	for group, commands := range map[string][]*cobra.Command{
		tryGroup:     {newRehearse(p), newCheck(p), newSynth(p), newImpact(p)},
		deployGroup:  {newBootstrap(p), newDiff(p), newPlan(p), newDeploy(p), newOrder(p), newDrift(p), newDestroy(p)},
		appGroup:     {newDev(p), newImage(p), newScan(p), newPush(p), newStatus(p), newVerify(p), newLogs(p), newRunCommand(p), newRestart(p), newReleases(p), newRollback(p)},
		accessGroup:  {newKubeconfig(p), newTunnel(p)},
		projectGroup: {newSetup(p), newNew(p), newLock(p), newImages(p), newPipeline(p), newNote(p), newRename(p), newVersion(p), newCompletion(p)},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	cobra.EnableCommandSorting = false
	root.SetHelpCommandGroupID(projectGroup)
	root.CompletionOptions.DisableDefaultCmd = true // newCompletion replaces it
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w. See %s --help", err, c.CommandPath())
	})
	return root
}

// unknownCommand returns an error if there is an argument: it is not a command.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("There is no command %s. Did you mean %s?", args[0], strings.Join(near, " or ")) //nolint:staticcheck // a person reads it as sentences
	}
	return fmt.Errorf("There is no command %s. ./plinth --help lists them.", args[0]) //nolint:staticcheck // a person reads it as sentences
}

// errUsage returns an error about a wrong command line, with the command's first example.
func errUsage(c *cobra.Command, format string, args ...any) error {
	return errors.New(fmt.Sprintf(format, args...) + " For example: " + firstExample(c))
}

func firstExample(c *cobra.Command) string {
	line, _, _ := strings.Cut(strings.TrimSpace(c.Example), "\n")
	line, _, _ = strings.Cut(line, "  ")
	return line
}

// exactly requires one argument for each name. The error names the one that is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return errUsage(c, "Which %s?", names[len(args)])
		case len(args) > len(names):
			return errUsage(c, "%s: one argument too many.", args[len(names)])
		}
		return nil
	}
}

// thenApplication requires one argument for each name, as exactly, and allows an application after them.
func thenApplication(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		most := len(names) + 1
		if len(args) > most {
			return errUsage(c, "%s: one argument too many.", args[most])
		}
		return exactly(names...)(c, args[:min(len(args), len(names))])
	}
}

// first returns the first argument, empty if there is none.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// some requires at least one stack or pattern.
func some(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errUsage(c, "Which stack?")
	}
	return nil
}
