package plan

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"plinth/cli/internal/impact"
	"plinth/cli/internal/markdown"
)

// change is a planned change of one resource. Security: its values are not decoded, so none can be
// shown.
type change struct {
	Address  string `json:"address"`
	Mode     string `json:"mode"`
	Previous string `json:"previous_address"`
	Change   struct {
		Actions   []string  `json:"actions"`
		Importing *struct{} `json:"importing"`
		// ReplacePaths are the arguments whose change replaces the resource.
		ReplacePaths [][]any `json:"replace_paths"`
	} `json:"change"`
}

// isNewerImage reports whether the change replaces an instance only because AWS has a newer image.
func (c change) isNewerImage() bool {
	paths := c.Change.ReplacePaths
	return c.action() == "replace" && strings.HasPrefix(c.Address, "aws_instance.") && len(paths) == 1 && len(paths[0]) == 1 && paths[0][0] == "ami"
}

// action returns one word for Terraform's list of actions, empty if nothing changes.
func (c change) action() string {
	switch strings.Join(c.Change.Actions, "+") {
	case "create":
		return "add"
	case "update":
		return "change"
	case "delete":
		return "destroy"
	case "delete+create", "create+delete":
		return "replace"
	case "forget":
		return "forget"
	case "no-op":
		switch {
		case c.Change.Importing != nil:
			return "import"
		case c.Previous != "":
			return "move"
		}
	}
	return "" // read, no-op
}

// shown is the part of a plan that may be shown.
type shown struct {
	changes []change
	// outside are the addresses of resources that were changed outside Terraform since the last
	// deployment, even if a deployment would not change them back.
	outside []string
	// deployed is set if the stack has any resource.
	deployed bool
	// image is the image that the application was deployed with, if it was deployed by digest and the
	// settings name a tag.
	image string
}

// read decodes a plan as `terraform show -json` prints it. Its errors quote nothing from the plan.
// https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
func read(text []byte) (shown, error) {
	var plan struct {
		Format  string   `json:"format_version"`
		Changes []change `json:"resource_changes"`
		Drift   []change `json:"resource_drift"`
		Prior   struct {
			Values struct {
				Root struct {
					Resources []struct {
						Mode string `json:"mode"`
					} `json:"resources"`
				} `json:"root_module"`
			} `json:"values"`
		} `json:"prior_state"`
		// Security: the image's name is the only value that is decoded.
		Outputs struct {
			Image struct {
				Before any `json:"before"`
				After  any `json:"after"`
			} `json:"image"`
		} `json:"output_changes"`
	}
	if json.Unmarshal(text, &plan) != nil || !strings.HasPrefix(plan.Format, "1.") {
		return shown{}, errors.New("terraform show: the plan's format is not version 1")
	}
	var result shown
	for _, d := range plan.Drift {
		if d.Mode == "managed" {
			result.outside = append(result.outside, d.Address)
		}
	}
	slices.Sort(result.outside)
	// The prior state is empty if all resources of a deployed stack were deleted outside Terraform.
	result.deployed = len(result.outside) > 0
	for _, r := range plan.Prior.Values.Root.Resources {
		result.deployed = result.deployed || r.Mode == "managed"
	}
	before, _ := plan.Outputs.Image.Before.(string)
	after, _ := plan.Outputs.Image.After.(string)
	if strings.Contains(before, "@") && !strings.Contains(after, "@") {
		result.image = before
	}
	changes := slices.DeleteFunc(plan.Changes, func(c change) bool { return c.Mode != "managed" || c.action() == "" })
	// Destructive actions come first.
	order := []string{"destroy", "replace", "forget", "change", "add", "import", "move"}
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.action()), slices.Index(order, b.action())), cmp.Compare(a.Address, b.Address))
	})
	result.changes = changes
	return result, nil
}

// mostShown is how many resources a summary names.
const mostShown = 100

// summary returns Markdown: how many resources change, and which.
func summary(stack string, changes []change) string {
	if len(changes) == 0 {
		return heading(stack) + "No changes.\n"
	}
	var text strings.Builder
	text.WriteString(heading(stack) + counted(changes) + ".\n\n| action | resource |\n|---|---|\n")
	for i, c := range changes {
		if i == mostShown {
			fmt.Fprintf(&text, "| … | %d more |\n", len(changes)-mostShown)
			break
		}
		action := c.action()
		if action == "destroy" || action == "replace" {
			action = "**" + action + "**"
		}
		why := ""
		if c.isNewerImage() {
			why = ": AWS has a newer image"
		}
		fmt.Fprintf(&text, "| %s | `%s`%s |\n", action, markdown.Plain(c.Address), why)
	}
	return text.String()
}

// impactSummary returns Markdown: what the plan costs, empty if nothing.
func impactSummary(i impact.Impact) string {
	var text strings.Builder
	for _, part := range []struct {
		heading   string
		sentences []string
	}{{"Refused", i.Refused}, {"What this costs", i.Costs}} {
		if len(part.sentences) > 0 {
			fmt.Fprintf(&text, "\n**%s**\n\n", part.heading)
		}
		for _, sentence := range part.sentences {
			fmt.Fprintf(&text, "- %s\n", markdown.Plain(sentence))
		}
	}
	return text.String()
}

// counted returns how many resources each action affects, as in "1 to add, 2 to change".
func counted(changes []change) string {
	count := map[string]int{}
	for _, c := range changes {
		count[c.action()]++
	}
	var counts []string
	for _, action := range []string{"add", "change", "replace", "destroy", "forget", "import", "move"} {
		if count[action] > 0 {
			counts = append(counts, fmt.Sprintf("%d to %s", count[action], action))
		}
	}
	return strings.Join(counts, ", ")
}

// waiting returns the summary of a stack that cannot be planned yet, with package order's reason.
func waiting(stack, reason string) string {
	return heading(stack) + "Cannot be planned yet: " + markdown.Plain(reason) + ".\n"
}

func heading(stack string) string { return "#### " + markdown.Plain(stack) + "\n\n" }
