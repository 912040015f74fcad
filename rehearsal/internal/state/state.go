package state

import (
	"encoding/json"
	"fmt"
)

// State is the part of a Terraform state that a rehearsal uses.
type State struct {
	Serial    int               `json:"serial"`
	Lineage   string            `json:"lineage"`
	Outputs   map[string]Output `json:"outputs"`
	Resources []struct {
		Mode      string `json:"mode"`
		Module    string `json:"module"`
		Type      string `json:"type"`
		Name      string `json:"name"`
		Instances []struct {
			Key        any            `json:"index_key"`
			Attributes map[string]any `json:"attributes"`
		} `json:"instances"`
	} `json:"resources"`
}

// Output is an output of a stack.
type Output struct {
	Value     json.RawMessage `json:"value"`
	Sensitive bool            `json:"sensitive"`
}

// Resource is a resource that Terraform manages.
type Resource struct{ Type, Address, ID string }

// Managed returns the resources in a state, without data sources.
func (s *State) Managed() []Resource {
	var managed []Resource
	for _, resource := range s.Resources {
		if resource.Mode != "managed" {
			continue
		}
		for _, instance := range resource.Instances {
			address := resource.Type + "." + resource.Name
			if resource.Module != "" {
				address = resource.Module + "." + address
			}
			switch key := instance.Key.(type) {
			case string:
				address += fmt.Sprintf("[%q]", key)
			case float64:
				address += fmt.Sprintf("[%d]", int(key))
			}
			id, ok := instance.Attributes["id"].(string)
			if !ok {
				// A Slack channel has no other id.
				id, _ = instance.Attributes["chat_configuration_arn"].(string)
			}
			managed = append(managed, Resource{resource.Type, address, id})
		}
	}
	return managed
}
