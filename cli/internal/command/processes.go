package command

import (
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"plinth/cli/internal/delivery"
	"plinth/cli/internal/order"
	"plinth/cli/internal/project"
	"plinth/settings"
)

// ofProcess completes a command whose arguments are an environment, one of its applications, and one of this
// one's processes.
func ofProcess(p *project.Project, s *delivery.Session, name string, c *cobra.Command) *cobra.Command {
	c = ofApplication(p, s, name, c)
	c.Use, c.ValidArgsFunction = name+" <env> [app] [process]", processes(p)
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 3 {
			return errUsage(c, "%s: one argument too many.", args[3])
		}
		return exactly("environment")(c, args[:min(len(args), 1)])
	}
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 2 {
			s.Process = args[2]
		}
		return run(c, args)
	}
	return c
}

// processes completes an environment, an application and one of its processes.
func processes(p *project.Project) completion {
	return func(c *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) != 2 {
			return applications(p)(c, args, toComplete)
		}
		all, err := settings.Load(p.Path("environments"), nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, env := range all {
			if app := env.Apps[args[1]]; env.Name == args[0] && app != nil {
				if app.Web != nil {
					names = append(names, "web")
				}
				names = slices.Concat(names, slices.Sorted(maps.Keys(app.Workers)), slices.Sorted(maps.Keys(app.Jobs)))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func newReleases(p *project.Project) *cobra.Command {
	s := newSession(p)
	return withOutput(s, ofApplication(p, s, delivery.Releases, &cobra.Command{
		Short: "List an application's last ten releases, with their images",
		Example: `  ./plinth releases dev
  ./plinth releases dev app --output json`,
	}))
}

func newRestart(p *project.Project) *cobra.Command {
	return ofProcess(p, newSession(p), delivery.Restart, &cobra.Command{
		Short: "Restart an application or one process; no request is lost",
		Long: `New pods of the same version take the place of the old ones, as kubectl rollout restart does it. They read changed
parameters and secrets.`,
		Example: `  ./plinth restart dev
  ./plinth restart dev app web`,
	})
}

func newRunCommand(p *project.Project) *cobra.Command {
	s := newSession(p)
	c := &cobra.Command{
		Use: "run <env> [app] -- <command>", Short: "Run a command in a new pod of an application",
		Long: `The pod has the image, variables, user, writable folders, size and AWS role of a process: of web, or of the one
that is named after the application. It is deleted when the command ends, and after Ctrl-C. At a terminal the command is
interactive. Its output is in CloudWatch too.`,
		Example: `  ./plinth run dev shop -- npm run task
  ./plinth run dev app -- bin/console
  ./plinth run prod app web -- node report.js --month 11`,
		ValidArgsFunction: processes(p),
		Args: func(c *cobra.Command, args []string) error {
			switch at := c.ArgsLenAtDash(); {
			case len(args) == 0 || at == 0:
				return errUsage(c, "Which environment?")
			case at < 0 || at == len(args):
				return errUsage(c, "Which command? Write it after --.")
			case at > 3:
				return errUsage(c, "%s: one argument too many.", args[3])
			}
			return nil
		},
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		of := args[:c.ArgsLenAtDash()]
		s.Env, s.Command = of[0], args[len(of):]
		if err := knownEnvironment(p, s.Env); err != nil {
			return err
		}
		if len(of) > 1 {
			s.App = of[1]
		}
		if len(of) > 2 {
			s.Process = of[2]
		}
		return s.Run(c.Context(), delivery.RunOne)
	}
	return c
}

func newRollback(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use: "rollback <env> [app]", Short: "Deploy the image of the release before",
		Long: `It deploys the application's stack with the settings of now and the image of the last release that had another one,
or of --revision. The database's schema is not rolled back.`,
		Example: `  ./plinth rollback dev
  ./plinth rollback prod app --revision 8`,
		Args: thenApplication("environment"), ValidArgsFunction: applications(p),
	}
	approve := autoApprove(c)
	revision := c.Flags().Int("revision", 0, "one of ./plinth releases")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := knownEnvironment(p, args[0]); err != nil {
			return err
		}
		s := newSession(p)
		s.Env, s.App = args[0], first(args[1:])
		return rollback(c.Context(), p, s, *revision, *approve, p.Synth)
	}
	return c
}

// rollback deploys an earlier image. It is not Helm's own rollback: Terraform does not notice that one, since it
// compares the settings with its state and not with the cluster. The next deployment would then change nothing,
// and everybody would take the new version for deployed. A deployment also asks, checks the plan, locks the
// state, and rolls back if the pods do not start.
func rollback(ctx context.Context, p *project.Project, s *delivery.Session, revision int, approve bool, synth func(context.Context, ...string) error) error {
	if err := approval(p, approve); err != nil {
		return err
	}
	a, now, before, err := s.Earlier(ctx, revision)
	if err != nil {
		return err
	}
	name, value, other := "digest", before.Image.Digest, "tag"
	if value == "" {
		name, value, other = "tag", before.Image.Tag, "digest"
	}
	p.Say("%s runs %s since revision %d. Deploying %s, as in revision %d of %s.", a.Stack, now.Image, now.Revision, before.Image, before.Revision,
		before.Deployed.UTC().Format("2006-01-02 15:04 MST"))
	set := []string{a.ImageVariable(name) + "=" + value, a.ImageVariable(other) + "="}
	if err := synth(ctx, set...); err != nil {
		return err
	}
	if err := apply(ctx, p, "deploy", order.CheckDeploy, []string{a.Stack}, approve); err != nil {
		return err
	}
	p.Say("%s runs %s again. For it to last, set %s: %s in environments/%s.yaml, without %s, and commit that:\nthe next deployment brings back what the settings say.",
		a.Stack, before.Image, a.ImageSetting(name), value, a.Environment, other)
	return nil
}
