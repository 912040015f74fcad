package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"plinth/cli/internal/newapp"
	"plinth/cli/internal/order"
	"plinth/cli/internal/pipeline"
	"plinth/cli/internal/plan"
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
		Use: "rehearse [env]", Short: "Deploy, diff and destroy an environment on this machine; --from upgrades it",
		Long: `The real cdktf and Terraform deploy every stack of an environment, dev if none is named; a simulator answers
for AWS. No AWS account is involved.

With --from the environment is deployed as of a commit, branch or tag, and then as it is now. It says what the upgrade
changes, replaces and destroys, and fails if data would be lost, or a deployment refused.`,
		Example: `  ./plinth rehearse
  ./plinth rehearse prod
  ./plinth rehearse dev --keep      # keep the deployment, to continue by hand
  ./plinth rehearse dev --cluster   # with a real Kubernetes control plane, built first
  ./plinth rehearse dev --from main # upgrade from main to the working tree
  ./plinth rehearse prod --from v1.2.0 --report build/upgrade.md`,
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
	from := c.Flags().StringArray("from", nil, "a commit, branch or tag: deploy that first; several are rehearsed one after another")
	release := c.Flags().Bool("from-release", false, "as --from, from the nearest tag v* that HEAD contains, if there is one")
	report := c.Flags().String("report", "", "a file for the report of --from, in Markdown (default build/upgrade/<env>.md)")
	c.RunE = func(c *cobra.Command, args []string) error {
		r := project.Rehearsal{Env: "dev", Keep: *keep, Cluster: *cluster, From: *from, FromRelease: *release, Report: *report}
		if len(args) > 0 {
			r.Env = args[0]
		}
		if err := knownEnvironment(p, r.Env); err != nil {
			return err
		}
		upgrade := len(r.From) > 0 || r.FromRelease
		switch {
		case upgrade && (r.Keep || r.Cluster):
			return errUsage(c, "--from goes without --keep and --cluster.")
		case !upgrade && r.Report != "":
			return errUsage(c, "--report is for --from.")
		case slices.Contains(r.From, ""):
			return errUsage(c, "--from: which commit, branch or tag?")
		}
		r.Report = cmp.Or(r.Report, p.Path("build", "upgrade", r.Env+".md"))
		return p.Rehearse(c.Context(), r)
	}
	return c
}

// newImpact is for rehearsals, which are another Go module.
func newImpact(p *project.Project) *cobra.Command {
	return &cobra.Command{
		Use: "impact <stack> <file>", Short: "Print as JSON what a plan changes, refuses and costs",
		Long:    "The file has the output of terraform show -json.",
		Example: "  ./plinth impact dev-data build/plan.json",
		Args:    exactly("stack", "plan"),
		Hidden:  true,
		RunE: func(_ *cobra.Command, args []string) error {
			content, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			report, err := plan.Of(args[0], content)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			return json.NewEncoder(p.Stdout).Encode(report)
		},
	}
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

func newNew(p *project.Project) *cobra.Command {
	o := newapp.Options{Out: p.Stdout}
	c := &cobra.Command{
		Use: "new app <name>", Short: "Add an application to the settings of every environment",
		Long: `It takes port and user from the folder's Dockerfile (EXPOSE, USER), processes and release command from its Procfile,
and says what it took and what to check next. The files' own comments and order stay.`,
		Example: `  ./plinth new app shop
  ./plinth new app shop --folder services/shop`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && args[0] != "app" {
				return errUsage(c, "%s: it makes an app only.", args[0])
			}
			return exactly("kind", "name")(c, args)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return []string{"app"}, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[1]
			return newapp.Add(p.Root, o)
		},
	}
	c.Flags().StringVar(&o.Folder, "folder", "", "where its Dockerfile and Procfile are (default the name)")
	_ = c.MarkFlagDirname("folder")
	return c
}

func newRename(p *project.Project) *cobra.Command {
	o := rename.Options{Out: p.Stdout}
	c := &cobra.Command{
		Use: "rename", Short: "Rename the project, the application or the Go module",
		Long: `It edits project and the names under apps in environments/*.yaml, and the module's path in every go.mod and import. Then make
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
	c.Flags().StringVar(&o.App, "app", "", "the application's new name, or old=new if there are several")
	c.Flags().StringVar(&o.Module, "module", "", "the Go module's new path")
	c.Flags().BoolVar(&o.Dirty, "dirty", false, "also with changes that are not committed")
	return c
}
