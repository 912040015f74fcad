package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
)

// Upgrade deploys an environment with the stacks of another version, then with this version's: first
// bootstrap, then every stack in order, each time under the roles of the version. It returns what the second
// deployment did, also what ./plinth deploy would have refused: in a rehearsal nothing is lost by going on.
//
// It returns an error if it could not deploy the other version.
func Upgrade(ctx context.Context, r *run.Rehearsal, s *screen.Screen, from run.Source, ref string) (*report.Upgrade, error) {
	p := &play{Rehearsal: r, screen: s, secrets: map[string]bool{}, result: &report.Result{Env: r.Env, Started: time.Now()}}
	s.Title("Deploy %s as of %s", r.Env, ref)
	if err := p.deployFrom(ctx, from); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: its stacks cannot be rehearsed by this version of Plinth: %w", ref, err)
	}
	old := p.App.Names()
	s.Title("Deploy %s as it is now", r.Env)
	if err := p.busy("synth", func() error { return p.Synth(ctx) }); err != nil {
		return nil, err
	}
	upgrade := &report.Upgrade{Env: r.Env, From: ref}
	bootstrap, err := p.upgradeBootstrap(ctx)
	if err != nil {
		return nil, err
	}
	upgrade.Stacks = append(upgrade.Stacks, bootstrap)
	if bootstrap.Failed == "" {
		stacks, err := p.upgradeStacks(ctx)
		if err != nil {
			return nil, err
		}
		upgrade.Stacks = append(upgrade.Stacks, stacks...)
	}
	upgrade.Stacks = append(upgrade.Stacks, staying(old, p.App.Names())...)
	return upgrade, nil
}

// staying are the stacks of the other version that this one does not have.
func staying(old, now []string) []*report.Upgraded {
	var stay []*report.Upgraded
	for _, name := range old {
		if !slices.Contains(now, name) {
			stay = append(stay, &report.Upgraded{Stack: name, Stays: true})
		}
	}
	return stay
}

func (p *play) busy(what string, do func() error) error {
	end := p.screen.Busy(what)
	defer end()
	return do()
}

// deployFrom deploys another version.
func (p *play) deployFrom(ctx context.Context, from run.Source) error {
	if err := p.busy("synth", func() error { return p.SynthFrom(ctx, from) }); err != nil {
		return err
	}
	if err := p.busy("bootstrap", func() error { return p.Bootstrap(ctx) }); err != nil {
		return err
	}
	phase, end := p.begin("deploy", "Deploy each stack under its own role")
	defer end()
	o, err := p.each(ctx, phase, "deploy", p.App.Names(), p.App.Needs, func(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error) {
		return p.attempt(ctx, name, func(c run.Command) run.Command { return p.asDeployer(c, name) }, parser)
	})
	if err == nil && (o.failed != nil || !allDone(o.stacks)) {
		err = fmt.Errorf("%d of %d stacks are deployed\n%s\nOutput: %s", count(o.stacks), len(o.stacks), o.said(), o.log)
	}
	return err
}

// upgradeBootstrap deploys the bootstrap stack, as the administrator.
func (p *play) upgradeBootstrap(ctx context.Context) (*report.Upgraded, error) {
	end := p.screen.Busy("bootstrap")
	defer end()
	name := p.App.Bootstrap.Name
	u, err := p.planned(ctx, name, func(c run.Command) run.Command { return c }, nil)
	if err != nil || u.Failed != "" {
		return u, err
	}
	if err := p.Bootstrap(ctx); err != nil {
		u.Failed = err.Error()
	}
	return u, ctx.Err()
}

// upgradeStacks deploys the other stacks, also those of which ./plinth deploy would refuse the plan: mostly the
// simulator deploys them. One that fails leaves out those that need it.
func (p *play) upgradeStacks(ctx context.Context) ([]*report.Upgraded, error) {
	phase, end := p.begin("upgrade", "Deploy each stack under its own role")
	defer end()
	var mutex sync.Mutex
	found := map[string]*report.Upgraded{}
	_, err := p.each(ctx, phase, "deploy", p.App.Names(), p.App.Needs, func(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error) {
		u, o, err := p.upgrade(ctx, name, parser)
		mutex.Lock()
		defer mutex.Unlock()
		found[name] = u
		return o, err
	})
	if err != nil {
		return nil, err
	}
	var all []*report.Upgraded
	for _, name := range p.App.Names() {
		if found[name] == nil {
			found[name] = &report.Upgraded{Stack: name, Left: true}
		}
		all = append(all, found[name])
	}
	return all, nil
}

func (p *play) upgrade(ctx context.Context, name string, parser *cdktf.Parser) (*report.Upgraded, outcome, error) {
	as := func(c run.Command) run.Command { return p.asDeployer(c, name) }
	parser.Bare()
	u, err := p.planned(ctx, name, as, parser)
	if err != nil {
		return u, outcome{}, err
	}
	o := outcome{stacks: parser.Stacks()}
	if u.Failed != "" {
		o.failed = fmt.Errorf("%s cannot be planned", name)
		return u, o, nil
	}
	apply := as(p.Terraform(name, "apply", "-input=false", "-no-color", planFile))
	if o, err = p.one(ctx, apply, parser); err == nil && o.failed != nil {
		u.Failed = o.said()
	}
	return u, o, err
}

// planFile is the name of a stack's plan, in its folder.
const planFile = "upgrade"

// planned initializes a stack, plans it, and has ./plinth say what the plan does.
func (p *play) planned(ctx context.Context, name string, as func(run.Command) run.Command, parser *cdktf.Parser) (*report.Upgraded, error) {
	u := &report.Upgraded{Stack: name}
	var log run.Log
	for _, args := range [][]string{{"init", "-input=false", "-no-color"}, {"plan", "-input=false", "-no-color", "-out=" + planFile}, {"show", "-json", planFile}} {
		command := as(p.Terraform(name, args...))
		if args[0] == "plan" && parser != nil {
			command.Watch = parser
		}
		var err error
		if log, err = p.Do(ctx, command); ctx.Err() != nil {
			return u, ctx.Err()
		} else if err != nil {
			if parser != nil {
				parser.End(false)
			}
			// The report can go into a merge request, where the folder of the repository says nothing.
			u.Failed = tail(log.Text) + "\n" + strings.ReplaceAll(err.Error(), p.Folder, filepath.Join("build", "rehearsal", p.Env))
			return u, nil
		}
	}
	file := p.Path("plans", name+".json")
	if err := os.MkdirAll(p.Path("plans"), 0o755); err != nil {
		return u, err
	}
	// Security: the plan has the simulated secrets, as the state has.
	if err := os.WriteFile(file, []byte(log.Text), 0o600); err != nil {
		return u, err
	}
	said, err := p.Do(ctx, p.Impact(name, file))
	if err != nil {
		return u, fmt.Errorf("%w\n%s", err, strings.TrimSpace(said.Text))
	}
	return u, json.Unmarshal([]byte(said.Text), u)
}
