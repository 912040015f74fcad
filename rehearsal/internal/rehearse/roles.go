package rehearse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
)

// asDeployer makes a command run under the deploy role of a stack.
func (p *play) asDeployer(c run.Command, stack string) run.Command {
	return p.As(c, p.App.Pipeline.DeployRoles[stack], p.App.Pipeline.Release())
}

// asPlanner makes a command run under the plan role of a stack, as for a merge request.
func (p *play) asPlanner(c run.Command, stack string) run.Command {
	c = p.With(c, run.Planning(p.App.Stack(stack))...)
	return p.As(c, p.App.Pipeline.PlanRoles[stack], p.App.Pipeline.Planned())
}

// together runs cdktf once on all stacks, each under its own role. before names the stacks before each.
func (p *play) together(ctx context.Context, phase *report.Phase, verb string, before func(string) []string) (outcome, error) {
	command, err := p.Under(p.CDKTF(verb, p.Env+"-*"), p.App.Pipeline.DeployRoles, p.App.Pipeline.Release())
	if err != nil {
		return outcome{}, err
	}
	parser := cdktf.NewParser(p.App.Names()...)
	for _, name := range p.App.Names() {
		parser.Follow(name, before(name)...)
	}
	end := p.screen.Progress(verb, parser)
	o, err := p.one(ctx, command, parser)
	end()
	p.note(phase, o.stacks)
	return o, err
}

// deploys returns a function that runs cdktf on one stack under its own role.
func (p *play) deploys(verb string) func(context.Context, string, *cdktf.Parser) (outcome, error) {
	return func(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error) {
		return p.one(ctx, p.asDeployer(p.Alone(p.CDKTF(verb, name)), name), parser)
	}
}

// limits checks, in an account without the stacks, that roles are denied other stacks' work.
func (p *play) limits(ctx context.Context) error {
	phase, end := p.begin("roles", "Roles: each is denied what is not its own")
	defer end()
	p.screen.Line("%s", p.screen.Faint("  these must fail:"))
	first, other := p.App.Stacks[0], p.App.Stacks[1]
	before, err := p.Cloud().View()
	if err != nil {
		return err
	}
	attempts := map[string]func(run.Command) run.Command{
		first.Name: func(c run.Command) run.Command { return p.asPlanner(c, first.Name) },
		other.Name: func(c run.Command) run.Command { return p.asDeployer(c, first.Name) },
	}
	outcomes := map[string]*outcome{first.Name: {}, other.Name: {}}
	if _, err = p.each(ctx, &report.Phase{}, phase.Name, []string{first.Name, other.Name}, nil,
		func(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error) {
			o, err := p.attempt(ctx, name, attempts[name], parser)
			*outcomes[name] = o
			return o, err
		}); err != nil {
		return err
	}
	// Terraform has saved the state there, because it could not save it in the bucket.
	if err := os.Remove(filepath.Join(first.Folder, "errored.tfstate")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	after, err := p.Cloud().View()
	if err != nil {
		return err
	}
	unchanged := reflect.DeepEqual(before.Things, after.Things)
	refused := func(title, name string) error {
		o := outcomes[name]
		denied := strings.Contains(o.text+strings.Join(o.refusals, "\n"), "AccessDenied")
		e := report.Expectation{Title: title, Met: o.failed != nil && denied && unchanged, Found: "AccessDenied, nothing is changed", Log: o.log}
		if !e.Met {
			e.Found, e.Details = "not denied, or something is changed", o.said()
		}
		return p.expect(e)
	}
	return errors.Join(
		refused("The plan role of "+first.Name+" cannot deploy it", first.Name),
		refused("The deploy role of "+first.Name+" cannot deploy "+other.Name, other.Name))
}

// attempt has Terraform deploy a stack under the role that as sets.
func (p *play) attempt(ctx context.Context, name string, as func(run.Command) run.Command, parser *cdktf.Parser) (outcome, error) {
	parser.Bare()
	o, err := p.one(ctx, as(p.Terraform(name, "init", "-input=false", "-no-color")), cdktf.NewParser(name))
	if err != nil || o.failed != nil {
		return o, err
	}
	return p.one(ctx, as(p.Terraform(name, "apply", "-auto-approve", "-input=false", "-no-color")), parser)
}

// ownRoles checks the recorded API calls: only a stack's own roles may have made them.
func (p *play) ownRoles() error {
	calls, err := p.Cloud().Calls()
	if err != nil {
		return err
	}
	roles, actions, wrong := map[string]bool{}, map[string]bool{}, map[string]bool{}
	allowed := 0
	stackOf := map[string]string{}
	for _, all := range []map[string]string{p.App.Pipeline.DeployRoles, p.App.Pipeline.PlanRoles} {
		for stack, role := range all {
			stackOf[role] = stack
		}
	}
	for _, call := range calls {
		if !call.Allowed {
			continue
		}
		allowed++
		roles[call.Role], actions[call.Action] = true, true
		if stack := p.Env + "-" + call.Stack; call.Stack != "" && stackOf[call.Role] != stack {
			wrong[call.Role+" for "+stack] = true
		}
	}
	used := 0
	for _, s := range p.App.Stacks {
		if roles[p.App.Pipeline.DeployRoles[s.Name]] {
			used++
		}
	}
	e := report.Expectation{
		Title: "Each stack is deployed by its own role", Met: len(wrong) == 0 && used == len(p.App.Stacks),
		Found: fmt.Sprintf("%d roles, %d calls of %d actions", used, allowed, len(actions)), Log: filepath.Join(p.Folder, cloud.CallsName),
	}
	if !e.Met {
		e.Found = fmt.Sprintf("%d roles for %d stacks; %s", used, len(p.App.Stacks), strings.Join(slices.Sorted(maps.Keys(wrong)), ", "))
	}
	return p.expect(e)
}
