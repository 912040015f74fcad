package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plinth/cli/internal/local"
	"plinth/cli/internal/project"
	"plinth/cli/internal/sentence"
	"plinth/settings"
)

func newDev(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use: "dev [app]", Short: "Run an application's processes on this machine, with a PostgreSQL",
		Long: `The release command, then web and workers, in the folder apps.<name>.build.context, with the variables that
they have on the cluster. Ctrl-C stops them. The database's data stays in build/dev/<app>. No container and no AWS is
needed: see docs/applications.md.`,
		Example: `  ./plinth dev app
  ./plinth dev app --env staging
  ./plinth dev app --fresh           # with an empty database`,
		Args: thenApplication(),
	}
	env := c.Flags().String("env", "", "the environment whose settings count (default: the first one that has the application)")
	job := c.Flags().String("job", "", "a job to run once, instead of web and workers")
	fresh := c.Flags().Bool("fresh", false, "delete the data of the database first")
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		all, err := settings.Load(p.Path("environments"), p.Environ)
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return everyApplication(all), cobra.ShellCompDirectiveNoFileComp
	}
	_ = c.RegisterFlagCompletionFunc("env", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return known(p), cobra.ShellCompDirectiveNoFileComp
	})
	c.RunE = func(c *cobra.Command, args []string) error {
		environment, app, err := localApplication(p, *env, first(args))
		if err != nil {
			return err
		}
		if app.Database && !local.Installed(p.Root) {
			if err := p.Setup(c.Context()); err != nil {
				return err
			}
		}
		return local.Run(c.Context(), local.Config{
			App: app, Environment: environment, Job: *job, Fresh: *fresh,
			Secrets: slices.Sorted(maps.Keys(app.Secrets)),
			Root:    p.Root, State: p.Path("build", "dev", app.Name), PostgreSQL: p.Path("build", "postgres"),
			Environ: p.Environ, Stdout: p.Stdout, Color: p.Colors(), Say: p.Say,
		})
	}
	return c
}

// localApplication returns an application's settings, and the environment that they are of. Without an
// environment, it is the first one that has the application. Without a name, it is the only application.
func localApplication(p *project.Project, env, name string) (environment string, app *settings.App, err error) {
	environ := p.Environ
	if env != "" {
		if err := knownEnvironment(p, env); err != nil {
			return "", nil, err
		}
		environ = append(slices.Clone(environ), "PLINTH_ENVIRONMENTS="+env)
	}
	all, err := settings.Load(p.Path("environments"), environ)
	if err != nil {
		return "", nil, err
	}
	names := everyApplication(all)
	if name == "" {
		if len(names) != 1 {
			return "", nil, fmt.Errorf("Which application? There are %s. For example: ./plinth dev %s", sentence.List(names), first(names)) //nolint:staticcheck // a person reads it as sentences
		}
		name = names[0]
	}
	for _, e := range all {
		if app := e.Apps[name]; app != nil {
			return e.Name, app, nil
		}
	}
	where := "environments/"
	if env != "" {
		where += env + ".yaml"
	}
	return "", nil, fmt.Errorf("There is no application %s: %s has %s.", name, where, strings.Join(names, ", ")) //nolint:staticcheck // a person reads it as a sentence
}

// everyApplication returns the names of the applications of all environments, sorted.
func everyApplication(all []*settings.Environment) []string {
	var names []string
	for _, e := range all {
		names = append(names, e.ApplicationNames()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
