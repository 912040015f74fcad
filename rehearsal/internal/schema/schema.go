// Package schema derives the schemas of the real Terraform providers from the npm packages
// that Plinth pins. With them the rehearsal's simulators accept and refuse what the providers of
// AWS, Kubernetes and Helm would, with nothing to download.
//
// cdktf generated the packages from those schemas and kept nearly everything: see Extract.
// The reviewed tables of facts.txt and ephemeral.go add what it dropped.
package schema

import "encoding/json"

// FileName is the file of schemas in a rehearsal's folder: an object with each [Provider] by name.
const FileName = "schemas.json"

// Provider is one provider's schemas, for the requested types.
type Provider struct {
	// Name is the provider's, such as "aws". Version is the real provider's, such as "5.99.1", not
	// the npm package's.
	Name    string `json:"name"`
	Version string `json:"version"`

	// Config is the schema of the provider block.
	Config *Block `json:"config"`
	// Resources, DataSources and Ephemeral are by type, such as "aws_vpc".
	Resources   map[string]*Block `json:"resources,omitempty"`
	DataSources map[string]*Block `json:"dataSources,omitempty"`
	Ephemeral   map[string]*Block `json:"ephemeral,omitempty"`
}

// Block is the schema of a resource or of a block.
type Block struct {
	Attributes map[string]*Attribute   `json:"attributes,omitempty"`
	Blocks     map[string]*NestedBlock `json:"blocks,omitempty"`
}

// Attribute is an argument, a computed attribute, or both. It has a Type or is Nested.
type Attribute struct {
	// Type is in Terraform's notation: "string", ["list","number"], ["set",["object",{…}]].
	Type json.RawMessage `json:"type,omitempty"`
	// Nested is for attributes with attributes of their own. Only providers with Terraform's
	// protocol 6 have them: of the three, Helm's.
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
	// Nesting is "single", "list", "set" or "map". Nearly all providers declare an optional single
	// block as a list or set of at most one.
	Nesting string `json:"nesting"`
	// MinItems and MaxItems are 0, meaning any number, or 1. The packages do not show a higher
	// limit.
	MinItems int    `json:"minItems,omitempty"`
	MaxItems int    `json:"maxItems,omitempty"`
	Block    *Block `json:"block"`
}
