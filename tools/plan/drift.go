package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plinth/tools/internal/synthesized"
)

// differs is the exit status when a stack is not as it is in Git: as Terraform's own with
// -detailed-exitcode. 1 is for what could not be compared. make ends with 2 in both cases, and
// prints which it was.
// https://developer.hashicorp.com/terraform/cli/commands/plan#detailed-exitcode
const differs = 2

// errDiffers is not a failure of the comparison.
var errDiffers = errors.New("what is deployed differs from what is synthesized; the report is in build/drift")

// The states of a stack.
const (
	asPlanned   = "no drift"
	changed     = "differs"
	notDeployed = "not deployed"
	unknown     = "cannot be compared"
)

// compared is one stack of a report. Security: it has addresses and no values.
type compared struct {
	Stack  string `json:"stack"`
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
	// Outside are the addresses of what others have changed, Pending those of what has not been
	// deployed yet. Left is what others have changed too and a deployment would leave as it is,
	// such as what AWS itself fills in: no drift, as for Terraform.
	Outside []string `json:"changed_outside,omitempty"`
	Pending []string `json:"not_deployed_yet,omitempty"`
	Left    []string `json:"changed_outside_and_left,omitempty"`
}

// drift compares an environment's stacks, or those that are named, with what is deployed, and goes
// on after one that cannot be compared.
func (c *command) drift(ctx context.Context, environment string, stacks []string) error {
	all, err := synthesized.Read(c.root)
	if err != nil {
		return err
	}
	stacks, err = chosen(all, environment, stacks)
	if err != nil {
		return err
	}
	var report []compared
	for _, stack := range stacks {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := c.examineDeployed(ctx, stack)
		report = append(report, compare(stack, p, err))
	}
	text := table(report)
	fmt.Fprint(c.stdout, "\n"+text)
	return cmp.Or(c.keep(report, text), verdict(report))
}

// examineDeployed plans a stack with the image that it was deployed with. The pipeline chooses
// one by its digest, and compared with the tag in the settings every application would differ.
func (c *command) examineDeployed(ctx context.Context, stack string) (planned, error) {
	p, err := c.examine(ctx, stack)
	environment, is := strings.CutSuffix(stack, "-app")
	if err != nil || !is || p.image == "" {
		return p, err
	}
	setting := "PLINTH_" + strings.ToUpper(strings.ReplaceAll(environment, "-", "_")) + "_APP_IMAGE_"
	if c.getenv(setting+"TAG") != "" {
		return p, nil
	}
	_, digest, _ := strings.Cut(p.image, "@")
	if err := c.start(ctx, []string{setting + "DIGEST=" + digest}, io.Discard, c.stderr,
		filepath.Join(c.root, "node_modules", ".bin", "cdktf"), "synth"); err != nil {
		return p, fmt.Errorf("%s: cannot be synthesized with the image that is deployed: %w", stack, err)
	}
	return c.examine(ctx, stack)
}

// compare tells of one stack.
func compare(stack string, p planned, err error) compared {
	switch {
	case err != nil:
		return compared{Stack: stack, State: unknown, Detail: err.Error()}
	case p.waits != "":
		return compared{Stack: stack, State: notDeployed, Detail: p.waits}
	case !p.deployed:
		return compared{Stack: stack, State: notDeployed}
	}
	result := compared{Stack: stack, State: asPlanned}
	if p.secret {
		result.Detail = "compared with the state alone, since it holds a secret"
	}
	isChanged := func(address string) bool {
		return slices.ContainsFunc(p.changes, func(c change) bool { return c.Address == address })
	}
	for _, address := range p.outside {
		if !isChanged(address) {
			result.Left = append(result.Left, address)
		}
	}
	if len(p.changes) == 0 {
		return result
	}
	result.State, result.Detail = changed, strings.Join(slices.DeleteFunc([]string{counted(p.changes), result.Detail},
		func(s string) bool { return s == "" }), "; ")
	for _, change := range p.changes {
		if slices.Contains(p.outside, change.Address) {
			result.Outside = append(result.Outside, change.Address)
		} else {
			result.Pending = append(result.Pending, change.Address)
		}
	}
	return result
}

// verdict is the error that a report ends with: what could not be compared comes first.
func verdict(report []compared) error {
	in := func(state string) bool {
		return slices.ContainsFunc(report, func(c compared) bool { return c.State == state })
	}
	switch {
	case in(unknown):
		return errors.New("not every stack could be compared; the report is in build/drift")
	case in(changed):
		return errDiffers
	}
	return nil
}

// table is the report as Markdown.
func table(report []compared) string {
	var text strings.Builder
	text.WriteString("| stack | state | |\n|---|---|---|\n")
	for _, c := range report {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", code(c.Stack), c.State, code(c.Detail))
	}
	for _, c := range report {
		for _, part := range []struct {
			title     string
			addresses []string
		}{{"changed by others", c.Outside}, {"not deployed yet", c.Pending}, {"changed by others, and left so by a deployment", c.Left}} {
			if len(part.addresses) == 0 {
				continue
			}
			fmt.Fprintf(&text, "\n%s, %s:\n\n", code(c.Stack), part.title)
			for i, address := range part.addresses {
				if i == mostShown {
					fmt.Fprintf(&text, "- … %d more\n", len(part.addresses)-mostShown)
					break
				}
				fmt.Fprintf(&text, "- `%s`\n", code(address))
			}
		}
	}
	return text.String()
}

// keep writes the report for people and for programs.
func (c *command) keep(report []compared, text string) error {
	folder := filepath.Join(c.root, "build", "drift")
	content, err := json.MarshalIndent(report, "", "  ")
	return errors.Join(err, os.MkdirAll(folder, 0o755),
		os.WriteFile(filepath.Join(folder, "summary.md"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(folder, "drift.json"), append(content, '\n'), 0o644))
}
