package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"plinth/cli/internal/bootstrap"
	"plinth/cli/internal/impact"
	"plinth/cli/internal/order"
	"plinth/cli/internal/plan"
	"plinth/cli/internal/project"
	"plinth/cli/internal/providers"
	"plinth/cli/internal/synthesized"
	"plinth/cli/internal/terraform"
)

// skipSynth adds the flag to use cdktf.out as it is. cdktf has the same flag.
func skipSynth(c *cobra.Command) *bool {
	return c.Flags().Bool("skip-synth", false, "use the last synthesized stacks")
}

func autoApprove(c *cobra.Command) *bool {
	return c.Flags().Bool("auto-approve", false, "do not ask")
}

// output adds the flag for the format of the output.
func output(c *cobra.Command) *string {
	flag := c.Flags().StringP("output", "o", "text", "text or json")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return flag
}

// asJSON reports whether the flag's value is json. Any value but text and json is an error.
func asJSON(flag string) (bool, error) {
	switch flag {
	case "json":
		return true, nil
	case "text":
		return false, nil
	}
	return false, fmt.Errorf("--output: must be text or json, is %q", flag)
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// synthesize synthesizes the stacks, unless skip is set.
func synthesize(ctx context.Context, p *project.Project, skip bool) error {
	if skip {
		return nil
	}
	return p.Synth(ctx)
}

// approval returns an error when nobody can approve the plan.
func approval(p *project.Project, approved bool) error {
	if approved || p.Interactive() {
		return nil
	}
	return errors.New("There is no terminal to approve the plan. --auto-approve approves it unseen.") //nolint:staticcheck // a person reads it as sentences
}

// knownEnvironment returns an error when there is no such environment.
func knownEnvironment(p *project.Project, env string) error {
	if all := known(p); !slices.Contains(all, env) {
		return fmt.Errorf("There is no environment %s: environments/ has %s.", env, strings.Join(all, ", ")) //nolint:staticcheck // a person reads it as a sentence
	}
	return nil
}

func newBootstrap(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "bootstrap <env>",
		Short: "Create the state bucket and the pipelines' roles, as an administrator",
		Long: `The first command in a new AWS account, and again when the stack bootstrap-<env> has changed. It shows the
plan and asks. It can be repeated after an interruption, wherever that was.`,
		Example:           "  ./plinth bootstrap dev",
		Args:              exactly("environment"),
		ValidArgsFunction: environments(p),
	}
	skip, approve := skipSynth(c), autoApprove(c)
	state := c.Flags().String("state", "", "the folder of the state until the bucket exists (default .bootstrap)")
	c.RunE = func(c *cobra.Command, args []string) error {
		err := approval(p, *approve)
		if !*skip { // what is synthesized can be of other settings than environments/
			err = errors.Join(knownEnvironment(p, args[0]), err)
		}
		if err != nil {
			return err
		}
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		return bootstrap.Run(p.Root, bootstrap.Options{
			Environment: args[0], AutoApprove: *approve, State: *state, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
		})
	}
	return c
}

// alone makes cdktf work on one stack without checking the stacks it depends on. Package order
// checks them instead.
const alone = "CDKTF_IGNORE_MISSING_STACK_DEPENDENCIES=true"

// useProviders gives the stacks their part of the project's lock file. It returns environment variables
// for cdktf.
func useProviders(ctx context.Context, p *project.Project, stacks ...order.Stack) ([]string, error) {
	all, err := synthesized.Read(p.Root)
	if err != nil {
		return nil, err
	}
	var named []synthesized.Stack
	for _, s := range stacks {
		named = append(named, all[s.Name])
	}
	return providers.Use(ctx, p.Root, named...)
}

// change completes the command deploy or destroy, which runs cdktf once check returns nil.
func change(p *project.Project, verb string, check func(context.Context, string, []string) error, c *cobra.Command) {
	skip, approve := skipSynth(c), autoApprove(c)
	c.Args, c.ValidArgsFunction = some, stacks(p, 0)
	c.RunE = func(c *cobra.Command, names []string) error {
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		return apply(c.Context(), p, verb, check, names, *approve)
	}
}

// apply runs cdktf on synthesized stacks, once check returns nil.
func apply(ctx context.Context, p *project.Project, verb string, check func(context.Context, string, []string) error, names []string, approve bool) error {
	list, err := order.List(p.Root, names) // reports a typing mistake first
	if err != nil {
		return err
	}
	if err := approval(p, approve); err != nil {
		return err
	}
	if err := check(ctx, p.Root, names); err != nil {
		return err
	}
	variables, err := useProviders(ctx, p, list...)
	if err != nil {
		return err
	}
	said := func() {}
	if verb == "deploy" {
		if variables, said, err = explained(p, variables); err != nil {
			return err
		}
	}
	args := []string{verb, "--skip-synth"}
	if approve {
		args = append(args, "--auto-approve")
	}
	single := order.Single(names)
	if single {
		variables = append(variables, alone)
		if verb == "deploy" { // for plinth verify; cdktf leaves out sensitive outputs
			folder := p.Path("build", "outputs")
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
			args = append(args, "--outputs-file", filepath.Join(folder, names[0]+".json"))
		}
	}
	started := time.Now()
	err = p.Cdktf(ctx, true, variables, append(args, names...)...)
	if err != nil {
		p.Say("%s", ownWords(verb, names, single))
		if verb == "deploy" {
			failedReleases(ctx, p, list, started)
		}
	}
	said()
	return err
}

// failedReleases shows what release commands that failed have said last, which Terraform does not.
func failedReleases(ctx context.Context, p *project.Project, list []order.Stack, started time.Time) {
	all, err := synthesized.Read(p.Root)
	if err != nil || ctx.Err() != nil {
		return
	}
	for _, stack := range list {
		a, is, err := all[stack.Name].Application()
		if err != nil || !is {
			continue
		}
		cluster, err := order.ReadCluster(ctx, p.Root, a.Environment+"-cluster")
		if err != nil {
			return
		}
		s := newSession(p)
		s.Env, s.App = a.Environment, a.Name
		if said := s.FailedRelease(ctx, started, cluster.Endpoint, cluster.CA); said != "" {
			p.Say("\n%s", said)
		}
	}
}

// explained makes cdktf's Terraform say what a plan costs, and refuse what must not be applied. After cdktf,
// said says what cdktf may have dropped.
func explained(p *project.Project, variables []string) (all []string, said func(), err error) {
	path, err := terraform.Find()
	if err != nil {
		return nil, nil, err
	}
	note := p.Path("build", "impact")
	if err := errors.Join(os.MkdirAll(filepath.Dir(note), 0o755), os.RemoveAll(note)); err != nil {
		return nil, nil, err
	}
	more, err := impact.Variables(path, note)
	return append(variables, more...), func() {
		if text, err := os.ReadFile(note); err == nil {
			p.Say("\n%s", strings.TrimRight(string(text), "\n"))
		}
	}, err
}

// ownWords returns how to see Terraform's full output, which cdktf may have cut.
func ownWords(verb string, names []string, single bool) string {
	stack, option := "<stack>", ""
	if single {
		stack = names[0]
	}
	if verb == "destroy" {
		option = " -destroy"
	}
	return "cdktf can cut long messages. For Terraform's full output: cd cdktf.out/stacks/" + stack + " && terraform plan" + option
}

func newDeploy(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "deploy <stack>...",
		Short: "Deploy one stack, or several in their order",
		Long:  `One stack is deployed when everything that it needs is. A pattern takes all stacks that it matches.`,
		Example: `  ./plinth deploy dev-network
  ./plinth deploy 'dev-*'
  PLINTH_DEV_APPS_APP_IMAGE_DIGEST=sha256:... ./plinth deploy dev-app --auto-approve`,
	}
	change(p, "deploy", order.CheckDeploy, c)
	return c
}

func newDestroy(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "destroy <stack>...",
		Short: "Destroy one stack, or several in reverse order",
		Long: `One stack is destroyed when nothing needs it any more. What is protected is refused before anything is
destroyed.`,
		Example: `  ./plinth destroy dev-app
  ./plinth destroy 'dev-*' --auto-approve`,
	}
	change(p, "destroy", order.CheckDestroy, c)
	return c
}

func newDiff(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:               "diff <stack>",
		Short:             "Show what deploying a stack would change",
		Example:           "  ./plinth diff dev-app",
		Args:              oneStack,
		ValidArgsFunction: stacks(p, 1),
	}
	skip := skipSynth(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		if err := order.CheckDeploy(c.Context(), p.Root, args); err != nil {
			return err
		}
		variables, err := useProviders(c.Context(), p, order.Stack{Name: args[0]})
		if err != nil {
			return err
		}
		variables, said, err := explained(p, variables)
		if err != nil {
			return err
		}
		err = p.Cdktf(c.Context(), false, append(variables, alone), "diff", "--skip-synth", args[0])
		said()
		return err
	}
	return c
}

// oneStack requires one argument, a stack's name and not a pattern.
func oneStack(c *cobra.Command, args []string) error {
	if err := exactly("stack")(c, args); err != nil {
		return err
	}
	if order.IsPattern(args[0]) {
		env, _, _ := strings.Cut(args[0], "-")
		if order.IsPattern(env) {
			env = "dev"
		}
		return fmt.Errorf("%w\nTo compare all stacks of an environment: ./plinth drift %s", errUsage(c, "%s: one stack at a time, by its name.", args[0]), env)
	}
	return nil
}

// newPlanner returns a planner of the project. With asJSON, text for people goes to stderr.
func newPlanner(p *project.Project, asJSON bool) *plan.Planner {
	stdout := p.Stdout
	if asJSON {
		stdout = p.Stderr
	}
	return &plan.Planner{
		Root: p.Root, Getenv: p.Getenv, Environ: p.Patient(), Stdout: stdout, Stderr: p.Stderr, Transport: http.DefaultTransport,
		Check: func(ctx context.Context, stack string) error { return order.CheckDeploy(ctx, p.Root, []string{stack}) },
		Synth: p.Resynth,
	}
}

func newPlan(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "plan <stack>",
		Short: "Plan a stack for review, without secrets and values",
		Long:  "Writes the plan, and summary.md without values, to build/plan/<stack>.",
		Example: `  ./plinth plan dev-app
  ./plinth plan dev-app --output json`,
		Args:              oneStack,
		ValidArgsFunction: stacks(p, 1),
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
		if _, err := order.List(p.Root, args); err != nil {
			return err
		}
		report, err := newPlanner(p, asJSON).Plan(c.Context(), args[0])
		if err == nil && asJSON {
			err = writeJSON(p.Stdout, report)
		}
		return err
	}
	return c
}

func newDrift(p *project.Project) *cobra.Command {
	c := &cobra.Command{
		Use:   "drift <env> [stack]...",
		Short: "Compare deployed and synthesized resources (read only)",
		Long: `It compares every stack of the environment, or those that are named, and exits with 2 when one differs.
build/drift gets the report, as Markdown and as JSON.`,
		Example: `  ./plinth drift prod
  ./plinth drift dev 'dev-*' --output json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errUsage(c, "Which environment?")
			}
			return nil
		},
		ValidArgsFunction: ownStacks(p),
	}
	skip, format := skipSynth(c), output(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		asJSON, err := asJSON(*format)
		if err == nil {
			err = knownEnvironment(p, args[0])
		}
		if err != nil {
			return err
		}
		if err := synthesize(c.Context(), p, *skip); err != nil {
			return err
		}
		report, err := newPlanner(p, asJSON).Drift(c.Context(), args[0], args[1:])
		if asJSON && report != nil {
			err = errors.Join(err, writeJSON(p.Stdout, report))
		}
		return err
	}
	return c
}
