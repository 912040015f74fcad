package command

import (
	"net/http"

	"github.com/spf13/cobra"

	"plinth/cli/internal/delivery"
	"plinth/cli/internal/project"
)

func newSession(p *project.Project) *delivery.Session {
	return &delivery.Session{
		Dir: p.Root, Environ: p.Environ, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, Transport: http.DefaultTransport,
		APIPort: 8443, DatabasePort: 5433, // not 443 and 5432, which a developer's own servers may use
	}
}

// of completes a command whose one argument is an environment. With synth the command synthesizes
// first. Read-only commands do without, so that they work despite a mistake in a settings file.
func of(p *project.Project, s *delivery.Session, name string, synth bool, c *cobra.Command) *cobra.Command {
	c.Use, c.Args, c.ValidArgsFunction = name+" <env>", exactly("environment"), environments(p)
	c.RunE = func(c *cobra.Command, args []string) error {
		s.Env = args[0]
		if err := knownEnvironment(p, s.Env); err != nil {
			return err
		}
		if synth {
			if err := p.Synth(c.Context()); err != nil {
				return err
			}
		}
		return s.Run(c.Context(), name)
	}
	return c
}

// ofApplication completes a read-only command whose arguments are an environment and, if that has several
// applications, one of these.
func ofApplication(p *project.Project, s *delivery.Session, name string, c *cobra.Command) *cobra.Command {
	c = of(p, s, name, false, c)
	c.Use, c.Args, c.ValidArgsFunction = name+" <env> [app]", thenApplication("environment"), applications(p)
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			s.App = args[1]
		}
		return run(c, args)
	}
	return c
}

// withOutput adds the flag for the format of the output to a session's command.
func withOutput(s *delivery.Session, c *cobra.Command) *cobra.Command {
	format, run := output(c), c.RunE
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if s.JSON, err = asJSON(*format); err != nil {
			return err
		}
		return run(c, args)
	}
	return c
}

func builder(c *cobra.Command, s *delivery.Session) {
	c.Flags().StringVar(&s.Builder, "builder", "", "docker or buildah (default $BUILDER, or the one that is installed)")
	_ = c.RegisterFlagCompletionFunc("builder", cobra.FixedCompletions([]string{"docker", "buildah"}, cobra.ShellCompDirectiveNoFileComp))
}

func newImage(p *project.Project) *cobra.Command {
	s := newSession(p)
	c := &cobra.Command{
		Use: "image [app]", Short: "Build an application's image of this commit",
		Example: `  ./plinth image --builder buildah
  ./plinth image app`,
		ValidArgsFunction: built(p),
		Args:              thenApplication(),
	}
	skip := skipSynth(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		fromVariable(p, s)
		s.App = first(args)
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		return s.Run(c.Context(), delivery.Image)
	}
	builder(c, s)
	return c
}

// fromVariable sets the builder from the variable that a pipeline sets for all of its jobs.
func fromVariable(p *project.Project, s *delivery.Session) {
	if s.Builder == "" {
		s.Builder = p.Getenv("BUILDER")
	}
}

func newScan(p *project.Project) *cobra.Command {
	return &cobra.Command{
		Use: "scan [app]", Short: "Scan the last built image for known vulnerabilities",
		Example: `  ./plinth scan
  ./plinth scan app`,
		ValidArgsFunction: built(p),
		Args:              thenApplication(),
		RunE: func(c *cobra.Command, args []string) error {
			s := newSession(p)
			s.App = first(args)
			return s.Run(c.Context(), delivery.Scan)
		},
	}
}

func newPush(p *project.Project) *cobra.Command {
	s := newSession(p)
	c := &cobra.Command{
		Use: "push [env] [app]", Short: "Push this commit's image, and print the digest to deploy",
		Example: `  ./plinth push dev
  ./plinth push dev app
  ./plinth push app --repository 127.0.0.1:5000/app`,
	}
	skip := skipSynth(c)
	c.Args = func(c *cobra.Command, args []string) error {
		if s.Repository != "" { // of no environment
			return thenApplication()(c, args)
		}
		if len(args) == 0 {
			return errUsage(c, "Push to the registry of an environment, or to --repository.")
		}
		return thenApplication("environment")(c, args)
	}
	c.ValidArgsFunction = func(c *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if s.Repository != "" {
			return built(p)(c, args, toComplete)
		}
		return applications(p)(c, args, toComplete)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		fromVariable(p, s)
		if s.Repository == "" {
			s.Env, args = args[0], args[1:]
			if err := knownEnvironment(p, s.Env); err != nil {
				return err
			}
		}
		s.App = first(args)
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		return s.Run(c.Context(), delivery.Push)
	}
	builder(c, s)
	c.Flags().StringVar(&s.Repository, "repository", "", "a registry and repository, instead of the environment's")
	c.Flags().StringVar(&s.Dotenv, "dotenv", "", "a file to write the variable with the digest to")
	return c
}

func newStatus(p *project.Project) *cobra.Command {
	s := newSession(p)
	return withOutput(s, ofApplication(p, s, delivery.Status, &cobra.Command{
		Short: "Show the applications' health; fails if one is not healthy",
		Long:  "Of each application: its release, its processes with their pods, jobs with their last and next run, the release\ncommand's last run, load balancer and secrets.",
		Example: `  ./plinth status dev
  ./plinth status dev app
  ./plinth status dev --output json`,
	}))
}

func newVerify(p *project.Project) *cobra.Command {
	return ofApplication(p, newSession(p), delivery.Verify, &cobra.Command{
		Short: "Wait until an application is UP behind the load balancer",
		Example: `  ./plinth verify dev
  ./plinth verify dev app`,
	})
}

func newLogs(p *project.Project) *cobra.Command {
	s := newSession(p)
	c := ofProcess(p, s, delivery.Logs, &cobra.Command{
		Short: "Show the logs of an application's pods, or of one process",
		Long:  "The last hundred lines of each pod, or all since a time. Older logs, and those of deleted pods, are in CloudWatch: see docs/observability.md.",
		Example: `  ./plinth logs dev
  ./plinth logs dev app --follow
  ./plinth logs dev app web
  ./plinth logs prod --since 2h`,
	})
	c.Flags().BoolVarP(&s.Follow, "follow", "f", false, "go on until Ctrl-C")
	c.Flags().StringVar(&s.Since, "since", "", "how far back, as in 30m or 2h")
	return c
}

func newKubeconfig(p *project.Project) *cobra.Command {
	s := newSession(p)
	c := of(p, s, delivery.Kubeconfig, true, &cobra.Command{
		Short: "Add the cluster to kubectl's contexts",
		Example: `  ./plinth kubeconfig dev
  ./plinth kubeconfig dev --role arn:aws:iam::111111111111:role/developer`,
	})
	c.Flags().StringVar(&s.Role, "role", "", "the ARN of the role to assume, or none (default: your role in cluster.accessEntries)")
	return c
}

func newTunnel(p *project.Project) *cobra.Command {
	return of(p, newSession(p), delivery.Tunnel, false, &cobra.Command{
		Short:   "Open a tunnel to the Kubernetes API and the database, until Ctrl-C",
		Example: "  ./plinth tunnel prod",
	})
}
