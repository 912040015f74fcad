package plan

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// change is what would be done to one resource. Security: its values are not even decoded, so
// that none can be shown.
type change struct {
	Address  string `json:"address"`
	Mode     string `json:"mode"`
	Previous string `json:"previous_address"`
	Change   struct {
		Actions   []string  `json:"actions"`
		Importing *struct{} `json:"importing"`
	} `json:"change"`
}

// action is a word for Terraform's list of actions.
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

// shown is what a plan tells.
type shown struct {
	changes []change
	// outside are the addresses of what others have changed since the last deployment, also where
	// a deployment would leave that as it is.
	outside []string
	// deployed says that there is anything of the stack yet.
	deployed bool
	// image is the one that the application was deployed with, where its digest was chosen at the
	// deployment and the settings name a tag.
	image string
}

// read returns what `terraform show -json` says of a plan. Its errors hold nothing of it.
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
		// Security: of values, only the image's name.
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
	// The prior state is what is left now: of a stack that others have deleted there is nothing in it.
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
	// What takes something away comes first.
	order := []string{"destroy", "replace", "forget", "change", "add", "import", "move"}
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.action()), slices.Index(order, b.action())), cmp.Compare(a.Address, b.Address))
	})
	result.changes = changes
	return result, nil
}

// mostShown is how many resources a summary names.
const mostShown = 100

// summary is Markdown: how many resources change, and which.
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
		fmt.Fprintf(&text, "| %s | `%s` |\n", action, code(c.Address))
	}
	return text.String()
}

// counted is how many resources are to be added, changed and so on.
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

// waiting is the summary of a stack that cannot be planned yet, for a reason of package order's.
func waiting(stack, reason string) string {
	return heading(stack) + "Cannot be planned yet: " + code(reason) + ".\n"
}

func heading(stack string) string { return "#### " + code(stack) + "\n\n" }

// code is a text on one line that Markdown, and GitLab's quick actions, have nothing in to act on.
func code(text string) string {
	return strings.NewReplacer("`", "'", "|", "¦", "<", "‹", ">", "›", "@", "@\u200b").Replace(strings.Join(strings.Fields(text), " "))
}
