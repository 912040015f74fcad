package plan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plinth/cli/internal/markdown"
	"plinth/cli/internal/synthesized"
	"plinth/cli/internal/terraform"
)

// ErrDiffers is the result of a successful comparison that found differences.
var ErrDiffers = errors.New("deployed and synthesized resources differ; the report is in build/drift")

// The states of a stack.
const (
	asPlanned   = "no drift"
	changed     = "differs"
	notDeployed = "not deployed"
	unknown     = "cannot be compared"
)

// Compared is one stack of a report. Security: it contains addresses and no values.
type Compared struct {
	Stack  string `json:"stack"`
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
	// Outside are the addresses of resources that were changed outside Terraform, Pending those of
	// changes that are not deployed yet. Left were changed outside too, but a deployment would not
	// change them back, as where AWS fills in a value: this is not drift.
	Outside []string `json:"changed_outside,omitempty"`
	Pending []string `json:"not_deployed_yet,omitempty"`
	Left    []string `json:"changed_outside_and_left,omitempty"`
	// Older are the addresses of instances for which AWS has a newer image. This is not drift: nobody
	// changed anything. The next deployment replaces them.
	Older []string `json:"older_image,omitempty"`
	// Deferred are the addresses of databases whose changes wait for the maintenance window. This is no drift:
	// they were deployed.
	Deferred []string `json:"deferred,omitempty"`
}

// Drift compares the stacks of an environment, or those that match, with what is deployed. It goes on
// after a stack that cannot be compared.
func (c *Planner) Drift(ctx context.Context, environment string, stacks []string) ([]Compared, error) {
	all, err := synthesized.Read(c.Root)
	if err != nil {
		return nil, err
	}
	stacks, err = chosen(all, environment, stacks)
	if err != nil {
		return nil, err
	}
	var report []Compared
	for _, stack := range stacks {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		fmt.Fprintf(c.Stderr, "Comparing %s\n", stack)
		var said bytes.Buffer // Terraform's plan of each stack: only needed when one fails
		quiet := *c
		quiet.Stdout, quiet.Stderr = &said, &said
		p, err := quiet.examineDeployed(ctx, stack)
		if err != nil {
			fmt.Fprint(c.Stderr, said.String())
		}
		report = append(report, compare(stack, p, err))
	}
	text := table(report)
	fmt.Fprint(c.Stdout, "\n"+text)
	return report, cmp.Or(c.keep(report, text), verdict(report))
}

// examineDeployed plans a stack with the image that it was deployed with. The pipeline deploys an
// image by its digest, so every application would differ from the tag in the settings.
func (c *Planner) examineDeployed(ctx context.Context, stack string) (planned, error) {
	p, err := c.examine(ctx, stack)
	if err != nil || p.image == "" {
		return p, err
	}
	all, err := synthesized.Read(c.Root)
	if err != nil {
		return p, err
	}
	application, is, err := all[stack].Application()
	if err != nil || !is || c.Getenv(application.ImageVariable("tag")) != "" {
		return p, err
	}
	_, digest, _ := strings.Cut(p.image, "@")
	if err := c.Synth(ctx, application.ImageVariable("digest")+"="+digest); err != nil {
		return p, fmt.Errorf("%s: cannot be synthesized with the deployed image: %w", stack, err)
	}
	return c.examine(ctx, stack)
}

// compare returns a stack's part of the report.
func compare(stack string, p planned, err error) Compared {
	switch {
	case err != nil:
		return Compared{Stack: stack, State: unknown, Detail: terraform.InBrief(err)}
	case p.waits != "":
		return Compared{Stack: stack, State: notDeployed, Detail: p.waits}
	case !p.deployed:
		return Compared{Stack: stack, State: notDeployed}
	}
	result := Compared{Stack: stack, State: asPlanned}
	if p.secret {
		result.Detail = "compared with the state only, since the stack has a secret"
	}
	isChanged := func(address string) bool {
		return slices.ContainsFunc(p.changes, func(c change) bool { return c.Address == address })
	}
	for _, address := range p.outside {
		if !isChanged(address) {
			result.Left = append(result.Left, address)
		}
	}
	var changes []change
	for _, c := range p.changes {
		switch {
		case c.isNewerImage() && !slices.Contains(p.outside, c.Address):
			result.Older = append(result.Older, c.Address)
		case slices.Contains(p.impact.Deferred, c.Address):
			result.Deferred = append(result.Deferred, c.Address)
		default:
			changes = append(changes, c)
		}
	}
	details := []string{counted(changes), result.Detail}
	if len(result.Older) > 0 {
		details = append(details, "AWS has a newer image of an instance: ./plinth deploy "+stack)
	}
	if len(result.Deferred) > 0 {
		details = append(details, "the database changes in its maintenance window; afterwards: ./plinth deploy "+stack)
	}
	result.Detail = strings.Join(slices.DeleteFunc(details, func(s string) bool { return s == "" }), "; ")
	if len(changes) == 0 {
		return result
	}
	result.State = changed
	for _, change := range changes {
		if slices.Contains(p.outside, change.Address) {
			result.Outside = append(result.Outside, change.Address)
		} else {
			result.Pending = append(result.Pending, change.Address)
		}
	}
	return result
}

// verdict returns the error for a report. A stack that could not be compared outweighs a difference.
func verdict(report []Compared) error {
	in := func(state string) bool {
		return slices.ContainsFunc(report, func(c Compared) bool { return c.State == state })
	}
	switch {
	case in(unknown):
		return errors.New("not every stack could be compared; the report is in build/drift")
	case in(changed):
		return ErrDiffers
	}
	return nil
}

// table returns the report as Markdown.
func table(report []Compared) string {
	var text strings.Builder
	text.WriteString("| stack | state | detail |\n|---|---|---|\n")
	for _, c := range report {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", markdown.Plain(c.Stack), c.State, markdown.Plain(c.Detail))
	}
	for _, c := range report {
		for _, part := range []struct {
			title     string
			addresses []string
		}{{"changed by others", c.Outside}, {"not deployed yet", c.Pending}, {"changed outside Terraform, and not changed by a deployment", c.Left},
			{"not of AWS's newest image, which the next deployment replaces", c.Older},
			{"deployed, and changed in the maintenance window", c.Deferred}} {
			if len(part.addresses) == 0 {
				continue
			}
			fmt.Fprintf(&text, "\n%s, %s:\n\n", markdown.Plain(c.Stack), part.title)
			for i, address := range part.addresses {
				if i == mostShown {
					fmt.Fprintf(&text, "- … %d more\n", len(part.addresses)-mostShown)
					break
				}
				fmt.Fprintf(&text, "- `%s`\n", markdown.Plain(address))
			}
		}
	}
	return text.String()
}

// keep writes the report to build/drift, for people and for programs.
func (c *Planner) keep(report []Compared, text string) error {
	folder := filepath.Join(c.Root, "build", "drift")
	content, err := json.MarshalIndent(report, "", "  ")
	return errors.Join(err, os.MkdirAll(folder, 0o755),
		os.WriteFile(filepath.Join(folder, "summary.md"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(folder, "drift.json"), append(content, '\n'), 0o644))
}
