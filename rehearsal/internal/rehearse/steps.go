package rehearse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/screen"
)

// bootstrap deploys what the other stacks need, as an administrator does once.
func (p *play) bootstrap(ctx context.Context) error {
	phase, end := p.begin("bootstrap", "Bootstrap: state bucket, and roles for each stack")
	defer end()
	stop := p.screen.Busy("bootstrap")
	err := p.Bootstrap(ctx)
	stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := report.Expectation{Title: "The bootstrap stack is deployed by an administrator", Met: err == nil}
	if err != nil {
		e.Found, e.Details = "it is not", err.Error()
		return p.expect(e)
	}
	world, err := p.Cloud().View()
	if err != nil {
		return err
	}
	p.result.Bootstrap = things(world.Things)
	phase.Bars = append(phase.Bars, report.Bar{Stack: p.App.Bootstrap.Name, From: phase.From, To: time.Now(), Did: fmt.Sprintf("%d created", len(p.result.Bootstrap))})
	e.Found = fmt.Sprintf("%d resources, state in its own bucket", len(p.result.Bootstrap))
	return p.expect(e)
}

// deploy deploys every stack under its own role, then reads the states.
func (p *play) deploy(ctx context.Context) error {
	phase, end := p.begin("deploy", "Deploy each stack under its own role")
	defer end()
	o, err := p.together(ctx, phase, "deploy", p.App.Needs)
	if err != nil {
		return err
	}
	resources, err := p.readStates()
	if err != nil {
		return err
	}
	if err := p.expect(report.Expectation{
		Title: "All stacks are deployed", Met: o.failed == nil && allDone(o.stacks),
		Found:   fmt.Sprintf("%d of %d stacks, %d resources", count(o.stacks), len(o.stacks), resources),
		Details: o.said(), Log: o.log,
	}); err != nil {
		return err
	}
	return p.ownRoles()
}

// compare diffs every stack: none may have changes.
func (p *play) compare(ctx context.Context) error {
	phase, end := p.begin("diff", "Diff each stack")
	defer end()
	o, err := p.diffs(ctx, phase)
	if err != nil {
		return err
	}
	changed := changes(o.stacks)
	found := "no changes in any stack"
	if len(changed) > 0 {
		found = strings.Join(changed, "; ")
	}
	return p.expect(report.Expectation{
		Title: "Diff after deploy", Met: o.failed == nil && len(changed) == 0,
		Found: found, Details: o.said(), Log: o.log,
	})
}

// change deploys another image tag, which must change only the app's stack.
func (p *play) change(ctx context.Context) error {
	phase, end := p.begin("change", "Change the tag of the application's image")
	defer end()
	// Either a tag or a digest replaces both.
	image := p.Variable("APPS_"+strings.ToUpper(strings.ReplaceAll(p.application(), "-", "_"))) + "_IMAGE_"
	if err := p.resynth(ctx, image+"DIGEST=", image+"TAG=rehearsal"); err != nil {
		return err
	}
	app := p.app()
	o, err := p.diffs(ctx, phase)
	if err != nil {
		return err
	}
	changed := changes(o.stacks)
	found := strings.Join(changed, "; ")
	if len(changed) == 0 {
		found = "no changes in any stack"
	}
	if err := p.expect(report.Expectation{
		Title: "Another image tag changes only " + app,
		Met:   o.failed == nil && len(changed) == 1 && strings.HasPrefix(changed[0], app+": "),
		Found: found, Details: o.said(), Log: o.log,
	}); err != nil {
		return err
	}
	return p.alone(ctx, phase, "deploy", app, app+" is deployed on its own")
}

// guarded checks, in a protected environment, that Terraform refuses to destroy it. Then it
// removes the protection as docs/environments.md says.
func (p *play) guarded(ctx context.Context) error {
	var guarded []string
	for _, s := range p.App.Stacks {
		if len(s.Guarded) > 0 {
			guarded = append(guarded, s.Name)
		}
	}
	if len(guarded) == 0 {
		return nil
	}
	phase, end := p.begin("protection", "Protection: destroy is refused, then protection is removed")
	defer end()
	for _, name := range guarded {
		p.screen.Line("%s", p.screen.Faint("  this must fail:"))
		o, err := p.each(ctx, &report.Phase{}, "destroy", []string{name}, nil, p.deploys("destroy"))
		if err != nil {
			return err
		}
		reason, err := p.one(ctx, p.asDeployer(p.Terraform(name, "plan", "-destroy", "-input=false", "-no-color"), name), cdktf.NewParser())
		if err != nil {
			return err
		}
		e := report.Expectation{
			Title: "Terraform refuses to destroy " + name + " while it is protected",
			Met:   o.failed != nil && strings.Contains(reason.text, "prevent_destroy"),
			Found: "refused, as expected", Log: o.log,
		}
		if !e.Met {
			e.Found, e.Details = "not refused because of its protection", o.said()
		}
		if err := p.expect(e); err != nil {
			return err
		}
	}
	if err := p.resynth(ctx, p.Variable("PROTECTED")+"=false", p.Variable("DATABASE_FINAL_SNAPSHOT")+"=false"); err != nil {
		return err
	}
	// Without protection, other branches and tags may deploy.
	if err := p.Bootstrap(ctx); err != nil {
		return err
	}
	for _, name := range guarded {
		if err := p.alone(ctx, phase, "deploy", name, "The protection of "+name+" is removed"); err != nil {
			return err
		}
	}
	return nil
}

// alone runs a cdktf command on one stack only.
func (p *play) alone(ctx context.Context, phase *report.Phase, verb, name, title string) error {
	o, err := p.each(ctx, phase, verb, []string{name}, nil, p.deploys(verb))
	if err != nil {
		return err
	}
	return p.expect(report.Expectation{
		Title: title, Met: o.failed == nil && allDone(o.stacks), Found: did(o.stacks[0]), Details: o.said(), Log: o.log,
	})
}

// destroy destroys every stack but the bootstrap stack, each under its own role.
func (p *play) destroy(ctx context.Context) error {
	phase, end := p.begin("destroy", "Destroy each stack under its own role, in reverse order")
	defer end()
	o, err := p.together(ctx, phase, "destroy", p.App.NeededBy)
	if err != nil {
		return err
	}
	return p.expect(report.Expectation{
		Title: "All stacks are destroyed", Met: o.failed == nil && allDone(o.stacks),
		Found:   fmt.Sprintf("%d of %d stacks", count(o.stacks), len(o.stacks)),
		Details: o.said(), Log: o.log,
	})
}

// diffs diffs every stack: the application's with cdktf, as a reviewer does, the others with Terraform,
// since cdktf diffs one at a time.
func (p *play) diffs(ctx context.Context, phase *report.Phase) (outcome, error) {
	return p.each(ctx, phase, "diff", p.App.Names(), nil, func(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error) {
		if name == p.app() {
			return p.diff(ctx, name, parser)
		}
		parser.Bare()
		return p.one(ctx, p.asPlanner(p.Terraform(name, "plan", "-input=false", "-no-color", "-out=plan"), name), parser)
	})
}

// application is the application whose image changes: the first one.
func (p *play) application() string { return p.App.Applications()[0] }

// app is the name of its stack.
func (p *play) app() string { return p.Env + "-" + p.application() }

// diff diffs one stack. If cdktf has lost Terraform's output, it reads the saved plan
// instead.
func (p *play) diff(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error) {
	o, err := p.one(ctx, p.asPlanner(p.CDKTF("diff", name), name), parser)
	if err != nil || o.failed != nil || o.stacks[0].Planned {
		return o, err
	}
	shown, err := p.one(ctx, p.asPlanner(p.Terraform(name, "show", "-no-color", "plan"), name), cdktf.NewPlanParser(o.stacks[0]))
	shown.stacks[0].Ready = o.stacks[0].Ready
	return shown, err
}

// changes describes the change of each stack that has one.
func changes(stacks []cdktf.Stack) []string {
	var changed []string
	for _, s := range stacks {
		switch {
		case s.Unchanged:
		case s.State != cdktf.Done:
			changed = append(changed, s.Name+": cannot be compared")
		default:
			changed = append(changed, s.Name+": "+screen.Plan(s))
		}
	}
	return changed
}

// count is the number of stacks that are done.
func count(stacks []cdktf.Stack) int {
	n := 0
	for _, s := range stacks {
		if s.State == cdktf.Done {
			n++
		}
	}
	return n
}

func allDone(stacks []cdktf.Stack) bool { return count(stacks) == len(stacks) }
