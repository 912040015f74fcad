package plan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plinth/cli/internal/impact"
	"plinth/cli/internal/order"
	"plinth/cli/internal/providers"
	"plinth/cli/internal/synthesized"
	"plinth/cli/internal/terraform"
)

// planned is the result of planning a stack.
type planned struct {
	shown
	impact impact.Impact
	// waits is why it cannot be planned yet, empty if it was planned.
	waits string
	// secret is set if the stack holds a secret, so that changes made outside Terraform are not seen.
	secret bool
}

// Report lists what a plan would change. Security: it contains addresses and no values.
type Report struct {
	Stack string `json:"stack"`
	// Waits is why the stack cannot be planned yet, empty if it was planned.
	Waits   string   `json:"cannot_be_planned_yet,omitempty"`
	Changes []Action `json:"changes"`
	// Refused and Costs are sentences of package impact.
	Refused []string `json:"refused,omitempty"`
	Costs   []string `json:"costs,omitempty"`
	// Lost are those of both that lose data.
	Lost []string `json:"lost,omitempty"`
}

// Action is a planned action on one resource, such as add, replace or destroy.
type Action struct {
	Action  string `json:"action"`
	Address string `json:"address"`
}

// Plan plans a stack for review. It writes the plan, and summary.md without values, to
// build/plan/<stack>. If the stack cannot be planned yet, the summary says so and err is nil.
func (c *Planner) Plan(ctx context.Context, stack string) (*Report, error) {
	p, err := c.examine(ctx, stack)
	if err != nil {
		return nil, err
	}
	report := p.report(stack)
	if p.waits != "" {
		return report, c.write(stack, waiting(stack, p.waits))
	}
	text := summary(stack, p.changes) + impactSummary(p.impact)
	if p.secret {
		text += unrefreshed
	}
	return report, c.write(stack, text)
}

// Of returns the report of a plan as `terraform show -json` prints it.
func Of(stack string, text []byte) (*Report, error) {
	var p planned
	err := p.read(text)
	return p.report(stack), err
}

func (p *planned) read(text []byte) (err error) {
	if p.shown, err = read(text); err == nil {
		p.impact, err = impact.Of(text)
	}
	return err
}

func (p planned) report(stack string) *Report {
	report := &Report{Stack: stack, Waits: p.waits, Changes: []Action{}, Refused: p.impact.Refused, Costs: p.impact.Costs, Lost: p.impact.Lost}
	for _, change := range p.changes {
		report.Changes = append(report.Changes, Action{change.action(), change.Address})
	}
	return report
}

// examine plans a stack, and keeps the plan.
func (c *Planner) examine(ctx context.Context, stack string) (planned, error) {
	var p planned
	all, err := synthesized.Read(c.Root)
	if err != nil {
		return p, err
	}
	target, known := all[stack]
	if !known {
		return p, fmt.Errorf("%s: there is no such stack; there are %s", stack, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	folder := c.folder(stack)
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o755)); err != nil {
		return p, err
	}
	if err := c.Check(ctx, stack); order.IsEarly(err) {
		p.waits, _, _ = strings.Cut(err.Error(), ". ")
		return p, nil
	} else if err != nil {
		return p, err
	}
	variables, err := providers.Use(ctx, c.Root, target)
	if err != nil {
		return p, err
	}
	args := "-lock=false " // the plan role only reads, and could not write a lock
	if p.secret, err = holdsSecret(target); err != nil {
		return p, err
	}
	if p.secret {
		args, variables = args+"-refresh=false ", append(variables, "TF_VAR_"+planOnly+"=true")
	}
	variables = append(variables, "TF_CLI_ARGS_plan="+args+c.Getenv("TF_CLI_ARGS_plan"))
	var said bytes.Buffer
	if err := c.start(ctx, variables, io.MultiWriter(c.Stdout, &said), io.MultiWriter(c.Stderr, &said),
		filepath.Join(c.Root, "node_modules", ".bin", "cdktf"), "diff", "--skip-synth", stack); err != nil {
		return p, fmt.Errorf("%s: cannot be planned: %s", stack, cmp.Or(terraform.FirstError(said.String()), err.Error()))
	}
	made := filepath.Join(filepath.Dir(target.File), "plan") // by cdktf
	var text, words bytes.Buffer
	show := exec.CommandContext(ctx, cmp.Or(c.Getenv("TERRAFORM_BINARY_NAME"), "terraform"), "show", "-json", "plan")
	show.Dir, show.Env, show.Stdout, show.Stderr = filepath.Dir(made), c.Environ, &text, &words
	if err := show.Run(); err != nil {
		return p, fmt.Errorf("%s: terraform show: %w\n%s", stack, err, words.String())
	}
	if err := p.read(text.Bytes()); err != nil {
		return p, fmt.Errorf("%s: %w", stack, err)
	}
	content, err := os.ReadFile(made)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "plan"), content, 0o600)
	}
	return p, err
}

// planOnly is a variable that only a stack with a secret has: see constructs/postgres.
const planOnly = "plan_only"

// unrefreshed explains that the plan of a stack with a secret is incomplete. Security: a refresh
// would read the secret's value, which the plan role may not.
const unrefreshed = "\nCompared with the state only, since the stack has a secret: changes made outside Terraform are not shown.\n"

func holdsSecret(stack synthesized.Stack) (bool, error) {
	var document struct {
		Variable map[string]struct{} `json:"variable"`
	}
	err := stack.Decode(&document)
	_, holds := document.Variable[planOnly]
	return holds, err
}

// write prints a summary and writes it to the stack's folder.
func (c *Planner) write(stack, text string) error {
	fmt.Fprint(c.Stdout, text)
	return os.WriteFile(filepath.Join(c.folder(stack), "summary.md"), []byte(text), 0o644)
}

// start runs a program in the repository. When ctx ends, it sends an interrupt and waits up to
// 30 seconds, so that Terraform can end in order.
func (c *Planner) start(ctx context.Context, variables []string, stdout, stderr io.Writer, program string, args ...string) error {
	started := exec.CommandContext(ctx, program, args...)
	started.Dir, started.Stdout, started.Stderr = c.Root, stdout, stderr
	started.Env = append(slices.Clone(c.Environ), variables...)
	started.Cancel = func() error { return started.Process.Signal(os.Interrupt) }
	started.WaitDelay = 30 * time.Second
	return started.Run()
}
