package order

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plinth/cli/internal/sentence"
)

// mostNamed is how many resources a message names.
const mostNamed = 4

// checkUnprotected returns no error when Terraform would destroy each of the targets, and the states
// that it has read. Terraform refuses to destroy a resource with lifecycle.prevent_destroy that the
// state lists. It ignores one that was never created, or that "terraform state rm" has removed.
func checkUnprotected(ctx context.Context, targets stacks) (map[string]contents, error) {
	protected := map[string]map[string]string{}
	var suspects stacks
	for _, s := range targets {
		resources, err := s.protected()
		if err != nil {
			return nil, err
		}
		if len(resources) > 0 {
			protected[s.Name] = resources
			suspects = append(suspects, s)
		}
	}
	held, unread := readStates(ctx, suspects)
	if unread != nil && ctx.Err() != nil {
		return nil, unread
	}
	var refusals []string
	for _, s := range suspects {
		resources := protected[s.Name]
		if unread == nil {
			maps.DeleteFunc(resources, func(address, _ string) bool { return held[s.Name].inventory[address] == 0 })
		}
		if len(resources) > 0 {
			refusals = append(refusals, unprotect(s.Name, slices.Sorted(maps.Values(resources))))
		}
	}
	if len(refusals) == 0 {
		return held, nil
	}
	refusals = append(refusals, `Nothing was destroyed. To keep a final snapshot, and the key that it needs: see docs/environments.md, "Destroy a protected environment".`)
	if unread != nil {
		refusals = append(refusals, "Whether all of this still exists is unknown. "+unread.Error())
	}
	return nil, refusal(strings.Join(refusals, "\n"))
}

// unprotect returns a message with the protected resources and how to remove the protection.
func unprotect(stack string, resources []string) string {
	if more := len(resources) - mostNamed; more > 0 {
		resources = append(resources[:mostNamed:mostNamed], fmt.Sprintf("%d more", more))
	}
	environment, _, _ := strings.Cut(stack, "-")
	return fmt.Sprintf("%s is protected (%s must not be destroyed). To take %s down, set protected: false and database.finalSnapshot: false in environments/%[3]s.yaml, deploy the change (./plinth deploy %[1]s), then destroy.",
		stack, sentence.List(resources), environment)
}

// protected returns the stack's resources with lifecycle.prevent_destroy, as the path of the
// construct by the resource's address.
func (s stack) protected() (map[string]string, error) {
	var file struct {
		Resource map[string]map[string]struct {
			Lifecycle struct {
				PreventDestroy bool `json:"prevent_destroy"`
			} `json:"lifecycle"`
			Comment struct {
				Metadata struct {
					Path string `json:"path"`
				} `json:"metadata"`
			} `json:"//"`
		} `json:"resource"`
	}
	if err := s.Decode(&file); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for kind, resources := range file.Resource {
		for name, resource := range resources {
			if resource.Lifecycle.PreventDestroy {
				address := kind + "." + name
				found[address] = cmp.Or(strings.TrimPrefix(resource.Comment.Metadata.Path, s.Name+"/"), address)
			}
		}
	}
	return found, nil
}
