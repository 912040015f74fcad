// Package rehearse takes one environment from its first deployment to its complete destruction,
// and checks each step.
package rehearse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
)

// play is a running rehearsal.
type play struct {
	*run.Rehearsal
	screen  *screen.Screen
	result  *report.Result
	secrets map[string]bool // all passwords so far
}

// errUnmet ends a rehearsal: later steps would only fail for the same reason.
var errUnmet = errors.New("an expectation is not met")

// Play plays the whole rehearsal; with deployOnly it stops after the deployment, which stays. It
// returns a result even with an error. The error is about the rehearsal itself, not about what
// it found.
func Play(ctx context.Context, r *run.Rehearsal, s *screen.Screen, deployOnly bool) (*report.Result, error) {
	p := &play{
		Rehearsal: r, screen: s, secrets: map[string]bool{},
		result: &report.Result{
			Env: r.Env, Started: time.Now(), NotChecked: notChecked(r.RealCluster()), RealCluster: r.RealCluster(),
			Logs: r.Path("logs"), Page: r.Path("report.html"),
		},
	}
	steps := []func(context.Context) error{p.synth, p.bootstrap, p.limits, p.deploy, p.inCluster, p.compare}
	if !deployOnly {
		steps = append(steps, p.change, p.guarded, p.destroy, p.nothingLeft, p.clusterEmpty)
	}
	var err error
	for _, step := range append(steps, p.noPassword) {
		if err = errors.Join(step(ctx), p.collectSecrets()); err != nil {
			break
		}
	}
	p.result.Passwords = slices.Collect(maps.Keys(p.secrets))
	p.result.Took = time.Since(p.result.Started)
	p.result.Interrupted = ctx.Err() != nil
	if errors.Is(err, errUnmet) || p.result.Interrupted {
		err = nil
	}
	return p.result, err
}

// expect records an expectation, and returns errUnmet if it is not met.
func (p *play) expect(e report.Expectation) error {
	p.result.Expectations = append(p.result.Expectations, e)
	p.screen.Result(e.Met, e.Title+": "+e.Found)
	if !e.Met {
		return errUnmet
	}
	return nil
}

// synth synthesizes the environment, starts the simulators and fills in the result's first facts.
func (p *play) synth(ctx context.Context) error {
	p.screen.Title("Synthesize and start the simulators")
	end := p.screen.Busy("synth")
	err := p.Synth(ctx)
	end()
	if err != nil {
		return err
	}
	if p.result.Account, p.result.Region, err = p.App.Account(); err != nil {
		return err
	}
	p.result.Before = p.before()
	p.result.BySchema, p.result.Unasked = unchecked(p.App.Types())
	for _, s := range p.App.Stacks {
		p.result.Stacks = append(p.result.Stacks, &report.Stack{Name: s.Name, Needs: s.Needs})
	}
	return nil
}

// resynth synthesizes again with settings overridden.
func (p *play) resynth(ctx context.Context, overrides ...string) error {
	p.screen.Line("%s", p.screen.Faint("  with "+strings.Join(overrides, " ")))
	end := p.screen.Busy("synth")
	defer end()
	return p.Synth(ctx, overrides...)
}

// outcome is the result of a command.
type outcome struct {
	stacks []cdktf.Stack
	failed error
	log    string
	text   string
	// refusals are the requests that the simulators refused meanwhile.
	refusals []string
}

// lines is how many last lines of a log go into a report of a failure.
const lines = 15

func tail(text string) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// one runs one command. It returns an error only if the command could not run to its end.
func (p *play) one(ctx context.Context, command run.Command, parser *cdktf.Parser) (outcome, error) {
	command.Watch = parser
	begun := time.Now()
	before, err := p.Cloud().Refusals()
	if err != nil {
		return outcome{}, err
	}
	log, err := p.Do(ctx, command)
	parser.End(err == nil)
	stacks := parser.Stacks()
	if len(stacks) == 1 { // all the time is its own
		stacks[0].Ready, stacks[0].Ended = begun, time.Now()
	}
	if ctx.Err() != nil {
		return outcome{stacks: stacks}, ctx.Err()
	}
	refusals, readErr := p.Cloud().Refusals()
	return outcome{stacks: stacks, failed: err, log: log.File, text: log.Text, refusals: refusals[min(len(before), len(refusals)):]}, readErr
}

// begin begins a phase; the function that it returns ends it.
func (p *play) begin(name, title string) (*report.Phase, func()) {
	phase := &report.Phase{Name: name, Title: title, From: time.Now()}
	p.result.Phases = append(p.result.Phases, phase)
	p.screen.Title("%s", title)
	return phase, func() { phase.To = time.Now() }
}

// note adds what a command did with stacks to a phase.
func (p *play) note(phase *report.Phase, stacks []cdktf.Stack) {
	for _, s := range stacks {
		if s.Started.IsZero() {
			continue
		}
		bar := report.Bar{Stack: s.Name, From: p.turn(s, stacks), To: s.Ended, Failed: s.State != cdktf.Done, Did: did(s)}
		if bar.To.IsZero() {
			bar.To = time.Now()
		}
		phase.Bars = append(phase.Bars, bar)
	}
	slices.SortStableFunc(phase.Bars, func(a, b report.Bar) int { return a.From.Compare(b.From) })
}

// turn is when a stack's turn came: when Terraform was ready, and all stacks before it were
// done.
func (p *play) turn(s cdktf.Stack, stacks []cdktf.Stack) time.Time {
	turn := s.Ready
	for _, other := range stacks {
		if !other.Ended.IsZero() && other.Ended.Before(s.Started) && other.Ended.After(turn) && p.ordered(s.Name, other.Name) {
			turn = other.Ended
		}
	}
	return turn
}

// ordered reports whether one of two stacks needs the other directly.
func (p *play) ordered(a, b string) bool {
	return slices.Contains(p.App.Stack(a).Needs, b) || slices.Contains(p.App.Stack(b).Needs, a)
}

func did(s cdktf.Stack) string {
	switch {
	case s.Unchanged:
		return "no changes"
	case s.Made > 0:
		return fmt.Sprintf("%d of %d", s.Made, s.Total())
	case s.Planned:
		return screen.Plan(s)
	}
	return "nothing"
}

// said returns the errors of all stacks, each with its stack's name.
func (o outcome) said() string {
	var all []string
	for _, s := range o.stacks {
		for _, message := range s.Errors {
			all = append(all, s.Name+": "+message)
		}
	}
	if len(all) == 0 && len(o.refusals) > 0 {
		return strings.Join(o.refusals, "\n") // cdktf has lost Terraform's message
	}
	if len(all) == 0 && o.failed != nil {
		return o.failed.Error() + "\n" + tail(o.text)
	}
	return strings.Join(all, "\n\n")
}
