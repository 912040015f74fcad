package rehearse

import (
	"context"
	"slices"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
)

// each runs do for several stacks, each with its own commands, in the order of [run.InOrder].
func (p *play) each(ctx context.Context, phase *report.Phase, verb string, names []string, after func(string) []string,
	do func(ctx context.Context, name string, parser *cdktf.Parser) (outcome, error),
) (outcome, error) {
	parsers := make([]*cdktf.Parser, len(names))
	outcomes, errs := make([]outcome, len(names)), make([]error, len(names))
	for i, name := range names {
		parsers[i] = cdktf.NewParser(name)
		outcomes[i].stacks = parsers[i].Stacks() // in case its turn does not come
	}
	end := p.screen.Progress(verb, parsers...)
	run.InOrder(names, after, func(name string) bool {
		i := slices.Index(names, name)
		outcomes[i], errs[i] = do(ctx, name, parsers[i])
		return errs[i] == nil && outcomes[i].failed == nil
	})
	end()
	together, err := joined(outcomes, errs)
	p.note(phase, together.stacks)
	return together, err
}

// joined combines several outcomes. Its log is the first failure's, or else the first with changes.
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
