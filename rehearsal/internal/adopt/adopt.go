// Package adopt finds resources that a killed deployment created but could not save.
//
// Terraform saves its state on S3 every 20 seconds and at the end. If its process or machine dies,
// resources created since exist but are missing from the state: the next deployment would create
// them a second time, or fail because their name is taken. Import blocks add them to the state.
// https://developer.hashicorp.com/terraform/language/import
package adopt

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"plinth/rehearsal/internal/cloud"
)

// FileName is the file for import blocks, beside a stack's cdk.tf.json. Delete it after the
// deployment that imports them.
const FileName = "adopt.tf.json"

// Import is one block: a resource's address in the configuration, and its id.
type Import struct {
	To string `json:"to"`
	ID string `json:"id"`
}

// Write returns the content of a file with import blocks.
func Write(imports []Import) ([]byte, error) {
	return json.MarshalIndent(map[string]any{"import": imports}, "", "  ")
}

// plan is the part of "terraform show -json" of a saved plan that is needed here.
// https://developer.hashicorp.com/terraform/internals/json-format
type plan struct {
	PriorState struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Type   string         `json:"type"`
					Mode   string         `json:"mode"`
					Values map[string]any `json:"values"`
				} `json:"resources"`
			} `json:"root_module"`
		} `json:"values"`
	} `json:"prior_state"`
	ResourceChanges []struct {
		Address string `json:"address"`
		Mode    string `json:"mode"`
		Type    string `json:"type"`
		Change  struct {
			Actions      []string       `json:"actions"`
			After        map[string]any `json:"after"`
			AfterUnknown map[string]any `json:"after_unknown"`
		} `json:"change"`
	} `json:"resource_changes"`
}

// Find returns, for a saved plan as JSON, an import for each resource that the plan would create
// although the world has it already: a thing of the same type that has all attributes known in
// the plan, and that no state and no import has yet.
//
// Find returns only unambiguous imports: until a subnet is adopted, nothing shows which of the
// subnets a thing belongs to. So write the imports to the file, plan again with them, and call
// Find again until it finds nothing.
func Find(planJSON []byte, world *cloud.World) ([]Import, error) {
	var p plan
	if err := json.Unmarshal(planJSON, &p); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	taken := map[string]bool{}
	for _, r := range p.PriorState.Values.RootModule.Resources {
		if id, ok := r.Values["id"].(string); ok && r.Mode == "managed" {
			taken[r.Type+" "+id] = true
		}
	}
	things := map[string][]string{}    // by the address of what they could be
	addresses := map[string][]string{} // by the thing that could be it
	ids := map[string]string{}
	for _, r := range p.ResourceChanges {
		if r.Mode != "managed" || !slices.Equal(r.Change.Actions, []string{"create"}) {
			continue
		}
		world.Each(func(_, key string, t *cloud.Thing) bool {
			id, _ := t.Attributes["id"].(string)
			if t.MadeBy == "" && !taken[r.Type+" "+id] && agrees(r.Change.After, r.Change.AfterUnknown, t.Attributes) {
				thing := r.Type + " " + key
				things[r.Address] = append(things[r.Address], thing)
				addresses[thing] = append(addresses[thing], r.Address)
				ids[thing] = strings.TrimPrefix(key, t.Cluster+":")
			}
			return true
		}, r.Type)
	}
	var imports []Import
	for _, address := range slices.Sorted(maps.Keys(things)) {
		if candidates := things[address]; len(candidates) == 1 && len(addresses[candidates[0]]) == 1 {
			imports = append(imports, Import{To: address, ID: ids[candidates[0]]})
		}
	}
	return imports, nil
}

// agrees reports whether an actual value matches the planned one, as far as that is known.
func agrees(planned, unknown, actual any) bool {
	if unknown == true || planned == nil {
		return true
	}
	switch p := planned.(type) {
	case map[string]any:
		a, ok := actual.(map[string]any)
		u, _ := unknown.(map[string]any)
		if !ok {
			return false
		}
		for name, value := range p {
			if !agrees(value, u[name], a[name]) {
				return false
			}
		}
		return true
	case []any:
		a, _ := actual.([]any)
		u, _ := unknown.([]any)
		if len(a) != len(p) {
			return false
		}
		for i, value := range p {
			var below any
			if i < len(u) {
				below = u[i]
			}
			if !agrees(value, below, a[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(planned, actual)
}
