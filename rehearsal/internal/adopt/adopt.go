// Package adopt finds what a killed deployment has made and could not write down any more.
//
// Terraform saves its state on S3 every 20 seconds and at the end. What it has made since,
// when its process or machine dies, exists, and no state knows of it: the next deployment
// would make it a second time, or fail because its name is taken. Import blocks give it back.
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

// FileName is where import blocks are put, beside a stack's cdk.tf.json. It is to be deleted
// after the deployment that carries them out.
const FileName = "adopt.tf.json"

// Import is one block: the address of a resource in the configuration, and the id of what it is.
type Import struct {
	To string `json:"to"`
	ID string `json:"id"`
}

// Write makes the content of a file with import blocks.
func Write(imports []Import) ([]byte, error) {
	return json.MarshalIndent(map[string]any{"import": imports}, "", "  ")
}

// plan is what of "terraform show -json" of a saved plan matters here.
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

// Find returns, for a saved plan as JSON, an import for what the plan would make although the
// world has it already: a thing of the same type whose attributes are those that the plan
// knows, and that no state and no import has yet.
//
// Only what is beyond doubt is returned: as long as a subnet is not adopted, nothing tells to
// which of the subnets a thing belongs. So write the imports down, plan once more with them,
// and call Find again until it finds nothing.
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

// agrees tells whether a thing has what is planned, as far as it is known yet.
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
