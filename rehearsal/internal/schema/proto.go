package schema

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Proto returns the schema in Terraform's protocol 6, everything in order of name.
func (b *Block) Proto() (*tfprotov6.Schema, error) {
	block, err := b.proto()
	if err != nil {
		return nil, err
	}
	return &tfprotov6.Schema{Block: block}, nil
}

func (b *Block) proto() (*tfprotov6.SchemaBlock, error) {
	attributes, err := protoAttributes(b.Attributes)
	if err != nil {
		return nil, err
	}
	block := &tfprotov6.SchemaBlock{Attributes: attributes}
	for _, name := range slices.Sorted(maps.Keys(b.Blocks)) {
		nested := b.Blocks[name]
		inside, err := nested.Block.proto()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		nesting, ok := blockNestings[nested.Nesting]
		if !ok {
			return nil, fmt.Errorf("%s: blocks nest as list, set, single or map, not as %q", name, nested.Nesting)
		}
		block.BlockTypes = append(block.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Block: inside, Nesting: nesting,
			MinItems: int64(nested.MinItems), MaxItems: int64(nested.MaxItems),
		})
	}
	return block, nil
}

func protoAttributes(attributes map[string]*Attribute) ([]*tfprotov6.SchemaAttribute, error) {
	var all []*tfprotov6.SchemaAttribute
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		attribute := &tfprotov6.SchemaAttribute{
			Name: name, Required: a.Required, Optional: a.Optional, Computed: a.Computed,
			Sensitive: a.Sensitive, WriteOnly: a.WriteOnly,
		}
		var err error
		if a.Nested != nil {
			attribute.NestedType, err = a.Nested.proto()
		} else {
			//nolint:staticcheck // the format, which is why this is deprecated, is Terraform's and Plinth's alike
			attribute.Type, err = tftypes.ParseJSONType(a.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, attribute)
	}
	return all, nil
}

func (n *Nested) proto() (*tfprotov6.SchemaObject, error) {
	nesting, ok := objectNestings[n.Nesting]
	if !ok {
		return nil, fmt.Errorf("attributes nest as list, set, single or map, not as %q", n.Nesting)
	}
	attributes, err := protoAttributes(n.Attributes)
	if err != nil {
		return nil, err
	}
	return &tfprotov6.SchemaObject{Attributes: attributes, Nesting: nesting}, nil
}

var blockNestings = map[string]tfprotov6.SchemaNestedBlockNestingMode{
	"list":   tfprotov6.SchemaNestedBlockNestingModeList,
	"set":    tfprotov6.SchemaNestedBlockNestingModeSet,
	"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
	"map":    tfprotov6.SchemaNestedBlockNestingModeMap,
}

var objectNestings = map[string]tfprotov6.SchemaObjectNestingMode{
	"list":   tfprotov6.SchemaObjectNestingModeList,
	"set":    tfprotov6.SchemaObjectNestingModeSet,
	"single": tfprotov6.SchemaObjectNestingModeSingle,
	"map":    tfprotov6.SchemaObjectNestingModeMap,
}
