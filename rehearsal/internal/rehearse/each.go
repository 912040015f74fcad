package rehearse

import (
	"context"
	"slices"
	"sync"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/report"
)

// atOnce is how many commands of cdktf go on at a time: each keeps a core busy.
const atOnce = 2

// each does something with several stacks, by commands of their own. A stack's turn comes when
// those that after names, if it is not nil, are done; it does not come when one of them has failed.
func (p *play) each(ctx context.Context, phase *report.Phase, verb string, names []string, after func(string) []string,
	do func(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error),
) (outcome, error) {
	parsers, done := make([]*cdktf.Parser, len(names)), map[string]chan bool{}
	for i, name := range names {
		parsers[i], done[name] = cdktf.NewParser(name), make(chan bool, 1)
	}
	end := p.screen.Progress(verb, parsers...)
	outcomes, errs := make([]outcome, len(names)), make([]error, len(names))
	slots := make(chan struct{}, atOnce)
	var workers sync.WaitGroup
	for i, name := range names {
		workers.Go(func() {
			succeeded := false
			defer func() { done[name] <- succeeded }()
			if after != nil && !all(done, after(name)) {
				outcomes[i].stacks = parsers[i].Stacks()
				return
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			outcomes[i], errs[i] = do(ctx, name, parsers[i])
			succeeded = errs[i] == nil && outcomes[i].failed == nil
		})
	}
	workers.Wait()
	end()
	together, err := joined(outcomes, errs)
	p.note(phase, together.stacks)
	return together, err
}

// all waits for some stacks, and tells whether all have succeeded.
func all(done map[string]chan bool, names []string) bool {
	every := true
	for _, name := range names {
		if ended, ok := done[name]; ok {
			succeeded := <-ended
			ended <- succeeded // for who else waits
			every = every && succeeded
		}
	}
	return every
}

// joined is what several commands have come to, with the log of the first that is remarkable.
func joined(outcomes []outcome, errs []error) (outcome, error) {
	var together outcome
	for i, o := range outcomes {
		if errs[i] != nil {
			return together, errs[i]
		}
		together.stacks = append(together.stacks, o.stacks...)
		for _, refusal := range o.refusals {
			if !slices.Contains(together.refusals, refusal) {
				together.refusals = append(together.refusals, refusal)
			}
		}
		if together.failed == nil && (o.failed != nil || together.log == "" && len(changes(o.stacks)) > 0) {
			together.failed, together.log, together.text = o.failed, o.log, o.text
		}
	}
	return together, nil
}

// needs are the stacks that one needs.
func (p *play) needs(name string) []string { return p.App.Stack(name).Needs }

// neededBy are the stacks that need one.
func (p *play) neededBy(name string) []string {
	var all []string
	for _, s := range p.App.Stacks {
		if slices.Contains(s.Needs, name) {
			all = append(all, s.Name)
		}
	}
	return all
}
