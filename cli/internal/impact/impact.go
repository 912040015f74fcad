// Package impact says in words what a Terraform plan costs: what stops answering, and what is deleted
// for ever. It refuses what no plan of Plinth's should do.
package impact

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Impact is what a plan costs, in sentences.
type Impact struct {
	// Refused is what must not be applied, with the remedy.
	Refused []string
	// Costs are outages and losses that may be meant.
	Costs []string
	// Lost are those of both that lose durable data.
	Lost []string
	// Deferred are the addresses of databases whose changes the last deployment asked for, as the output
	// database_requested says. They wait for the maintenance window.
	Deferred []string
}

// Of returns the impact of a plan as `terraform show -json` prints it. Security: it shows only the attributes
// that rules name, and none of these is a secret.
// https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
func Of(plan []byte) (Impact, error) {
	var document struct {
		Format  string   `json:"format_version"`
		Changes []change `json:"resource_changes"`
		Drift   []change `json:"resource_drift"`
		Outputs outputs  `json:"output_changes"`
	}
	if json.Unmarshal(plan, &document) != nil || !strings.HasPrefix(document.Format, "1.") {
		return Impact{}, errors.New("terraform show: the plan's format is not version 1")
	}
	var found Impact
	requested := document.Outputs.are("database_requested", "no-op")
	for _, c := range document.Changes {
		if c.Mode != "managed" {
			continue
		}
		if requested && c.deferred(document.Drift) {
			found.Deferred = append(found.Deferred, c.Address)
		}
		if usesKEDA(c, document.Outputs) {
			found.Refused = append(found.Refused, needsKEDA)
		}
		for _, r := range rules {
			if !slices.Contains(r.kinds, c.Type) || !r.applies(c, document.Changes) {
				continue
			}
			text := fmt.Sprintf(r.says, c.name())
			if r.refused {
				found.Refused = append(found.Refused, text)
			} else {
				found.Costs = append(found.Costs, text)
			}
			if r.loses {
				found.Lost = append(found.Lost, text)
			}
		}
	}
	for _, all := range []*[]string{&found.Refused, &found.Costs, &found.Lost} {
		slices.Sort(*all)
		*all = slices.Compact(*all)
	}
	return found, nil
}

// outputs are the planned changes of outputs. Security: no value is decoded.
type outputs map[string]struct {
	Actions []string `json:"actions"`
}

func (o outputs) are(name, action string) bool {
	return slices.Equal(o[name].Actions, []string{action})
}

// change is a planned change of one resource.
type change struct {
	Address string `json:"address"`
	Type    string `json:"type"`
	Mode    string `json:"mode"`
	Change  struct {
		Actions []string       `json:"actions"`
		Before  map[string]any `json:"before"`
		After   map[string]any `json:"after"`
		Unknown map[string]any `json:"after_unknown"`
	} `json:"change"`
}

// name is the resource's name in AWS, or else its address.
func (c change) name() string {
	for _, attributes := range []map[string]any{c.Change.Before, c.Change.After} {
		tags, _ := attributes["tags"].(map[string]any)
		for _, name := range []any{attributes["fargate_profile_name"], attributes["identifier"], attributes["cluster_identifier"], attributes["name"], attributes["bucket"], tags["Name"], attributes["id"]} {
			if text, ok := name.(string); ok && text != "" {
				return text
			}
		}
	}
	return c.Address
}

func (c change) is(action string) bool { return slices.Contains(c.Change.Actions, action) }

func (c change) replaced() bool { return c.is("create") && c.is("delete") }

// deleted reports whether the resource goes, for ever or to be replaced.
func (c change) deleted() bool { return c.is("delete") }

func (c change) updated() bool { return c.is("update") }

// changes reports whether an update changes one of the attributes. Its new value may still be unknown.
func (c change) changes(attributes ...string) bool {
	return c.updated() && slices.ContainsFunc(attributes, func(name string) bool {
		unknown, _ := c.Change.Unknown[name].(bool)
		return unknown || !reflect.DeepEqual(c.Change.Before[name], c.Change.After[name])
	})
}

// number returns an attribute's values before and after, if both are numbers.
func (c change) number(name string) (before, after float64, ok bool) {
	before, was := c.Change.Before[name].(float64)
	after, is := c.Change.After[name].(float64)
	return before, after, was && is
}
