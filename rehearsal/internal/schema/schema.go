// Package schema derives the schemas of the real Terraform providers from the npm packages
// that Plinth pins, so that the rehearsal's simulators accept and refuse what AWS's, Kubernetes'
// and Helm's own providers would, with nothing to download.
//
// cdktf generated the packages from those schemas and left nearly everything in: see Extract.
// What it left out is in the reviewed tables of known.go and ephemeral.go.
package schema

import "encoding/json"

// FileName of the schemas in a rehearsal's folder: an object with every [Provider] by name.
const FileName = "schemas.json"

// Provider is one provider's schemas, for the types asked for.
type Provider struct {
	// Name is the provider's, such as "aws", and Version that of the real provider, such as
	// "5.99.1", not of the npm package.
	Name    string `json:"name"`
	Version string `json:"version"`

	// Config is the provider block itself.
	Config *Block `json:"config"`
	// Resources, DataSources and Ephemeral are by type, such as "aws_vpc".
	Resources   map[string]*Block `json:"resources,omitempty"`
	DataSources map[string]*Block `json:"dataSources,omitempty"`
	Ephemeral   map[string]*Block `json:"ephemeral,omitempty"`
}

// Block is what a resource, or a block in one, may hold.
type Block struct {
	Attributes map[string]*Attribute   `json:"attributes,omitempty"`
	Blocks     map[string]*NestedBlock `json:"blocks,omitempty"`
}

// Attribute is an argument, or what the provider tells, or both. It has a Type or is Nested.
type Attribute struct {
	// Type is as Terraform writes it: "string", ["list","number"], ["set",["object",{…}]].
	Type json.RawMessage `json:"type,omitempty"`
	// Nested is for attributes with attributes of their own, which only providers of
	// Terraform's protocol 6 have: of the three, Helm's.
	Nested *Nested `json:"nested,omitempty"`

	Required  bool `json:"required,omitempty"`
	Optional  bool `json:"optional,omitempty"`
	Computed  bool `json:"computed,omitempty"`
	Sensitive bool `json:"sensitive,omitempty"`
	// WriteOnly arguments are in no plan and no state.
	WriteOnly bool `json:"writeOnly,omitempty"`
}

// Nested are the attributes of an attribute.
type Nested struct {
	// Nesting is "single", "list", "set" or "map".
	Nesting    string                `json:"nesting"`
	Attributes map[string]*Attribute `json:"attributes"`
}

// NestedBlock is a block in a block.
type NestedBlock struct {
	// Nesting is "single", "list", "set" or "map". A block that may be there once is a list
	// or a set of at most one in nearly all providers.
	Nesting string `json:"nesting"`
	// MinItems and MaxItems are 0, meaning any number, or 1. The packages do not tell
	// whether a real limit is higher.
	MinItems int    `json:"minItems,omitempty"`
	MaxItems int    `json:"maxItems,omitempty"`
	Block    *Block `json:"block"`
}
