package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"plinth/cli/internal/order"
	"plinth/cli/internal/pipeline"
	"plinth/cli/internal/project"
	"plinth/cli/internal/rename"
	"plinth/cli/internal/synthesized"
)

// version is Plinth's own: see CHANGELOG.md.
const version = "0.1.0"

func newVersion(p *project.Project) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print Plinth's version",
		Example: "  ./plinth version",
		Args:    exactly(),
		Run:     func(*cobra.Command, []string) { fmt.Fprintln(p.Stdout, "plinth "+version) },
	}
}

func newSetup(p *project.Project) *cobra.Command {
	return &cobra.Command{
		Use: "setup", Short: "Check the machine, install pinned versions, generate the bindings",
		Long:    "Commands run it themselves if needed. Steps without changes are skipped.",
		Example: "  ./plinth setup",
		Args:    exactly(),
		RunE:    func(c *cobra.Command, _ []string) error { return p.Setup(c.Context()) },
	}
}

func newSynth(p *project.Project) *cobra.Command {
	return &cobra.Command{
		Use: "synth", Short: "Write the Terraform JSON of every stack to cdktf.out",
		Example: `  ./plinth synth
  PLINTH_ENVIRONMENTS=dev,staging ./plinth synth`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.Synth(c.Context()); err != nil {
				return err
			}
			list, err := order.List(p.Root, nil)
			if err == nil {
				p.Say("%d stacks are in %s.", len(list), p.Short(synthesized.Folder(p.Root)))
			}
			return err
		},
	}
}

func newCheck(p *project.Project) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check the settings of all environments",
		Example: "  ./plinth check",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			if err := p.Check(); err != nil {
				return err
			}
			p.Say("The settings have no mistakes.")
			return nil
		},
	}
}

func newRehearse(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use: "rehearse [env]", Short: "Deploy, diff and destroy an environment on this machine",
		Long: `The real cdktf and Terraform deploy every stack of an environment, dev if none is named; a simulator answers
for AWS. No AWS account is involved.`,
		Example: `  ./plinth rehearse
  ./plinth rehearse prod
  ./plinth rehearse dev --keep      # keep the deployment, to continue by hand
  ./plinth rehearse dev --cluster   # with a real Kubernetes control plane, built first`,
		ValidArgsFunction: environments(p),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errUsage(c, "%s: one argument too many.", args[1])
			}
			return nil
		},
	}
	keep := c.Flags().Bool("keep", false, "keep the deployment, to continue by hand")
	cluster := c.Flags().Bool("cluster", false, "use a real Kubernetes control plane (six minutes to build the first time)")
	c.RunE = func(c *cobra.Command, args []string) error {
		env := "dev"
		if len(args) > 0 {
			env = args[0]
		}
		if err := knownEnvironment(p, env); err != nil {
			return err
		}
		return p.Rehearse(c.Context(), env, *keep, *cluster)
	}
	return c
}

func newPipeline(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use: "pipeline", Short: "Write the pipelines of GitLab and GitHub to build/pipeline",
		Example: "  ./plinth pipeline",
		Args:    exactly(),
	}
	skip := skipSynth(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		return pipeline.Run(p.Root, p.Getenv, p.Stderr)
	}
	return c
}

func newRename(p *project.Project) *cobra.Command {
	o := rename.Options{Out: p.Stdout}
	c := &cobra.Command{
		Use: "rename", Short: "Rename the project, the application or the Go module",
		Long: `It edits project and app.name in environments/*.yaml, and the module's path in every go.mod and import. Then make
golden accepts the new names. Do it before the first deployment: what is deployed keeps its old names.`,
		Example: `  ./plinth rename --project acme --app shop
  ./plinth rename --module example.com/acme/platform`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Project == "" && o.App == "" && o.Module == "" {
				return errUsage(c, "Which name?")
			}
			return rename.Rename(p.Root, o)
		},
	}
	c.Flags().StringVar(&o.Project, "project", "", "the project's new name")
	c.Flags().StringVar(&o.App, "app", "", "the application's new name")
	c.Flags().StringVar(&o.Module, "module", "", "the Go module's new path")
	c.Flags().BoolVar(&o.Dirty, "dirty", false, "also with changes that are not committed")
	return c
}
