package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// derivation converts the generated code of one type back into its schema.
type derivation struct {
	*generated
	provider string
	// path leads from the type's own block to the current member.
	path []string
}

// top is the type's schema. If cdktf has dropped a type deep inside a block, the whole block becomes
// an attribute of any type: Terraform allows no such attributes in sets. In JSON a block and an
// attribute are written alike.
func (d *derivation) top() (*Block, error) {
	b, err := d.block(d.class)
	if err != nil {
		return nil, err
	}
	for name, nested := range b.Blocks {
		if nested.Block.holdsDynamic() {
			b.Attributes[name] = &Attribute{
				Type: json.RawMessage(dynamic), Required: nested.MinItems > 0, Optional: nested.MinItems == 0,
			}
			delete(b.Blocks, name)
		}
	}
	return b, nil
}

func (b *Block) holdsDynamic() bool {
	for _, a := range b.Attributes {
		if string(a.Type) == dynamic {
			return true
		}
	}
	for _, nested := range b.Blocks {
		if nested.Block.holdsDynamic() {
			return true
		}
	}
	return false
}

// block is the block of a struct, or of the class itself.
func (d *derivation) block(structure string) (*Block, error) {
	b := &Block{Attributes: map[string]*Attribute{}, Blocks: map[string]*NestedBlock{}}
	return b, d.each(structure, func(name string, m *member, v *value) (err error) {
		if !d.isBlock(m, v) {
			b.Attributes[name], err = d.attribute(m, v)
			return err
		}
		nested := &NestedBlock{Nesting: "single"}
		if len(v.in) > 0 {
			nested.Nesting = v.in[0]
			if m.required {
				nested.MinItems = 1
			}
			if v.once {
				nested.MaxItems = 1
			}
		}
		b.Blocks[name] = nested
		nested.Block, err = d.block(v.structure)
		return err
	})
}

// isBlock reports whether a member is a nested block, not an attribute. Lists and sets of blocks
// are marked. Single blocks and maps are blocks if not computed: blocks never are.
func (d *derivation) isBlock(m *member, v *value) bool {
	switch {
	case v.structure == "" || d.nestsAttributes() || fact(d.address()) == isObject:
		return false
	case len(v.in) == 0:
		return !m.computed
	case v.in[0] == "map":
		return !m.computed && !m.assignable()
	default:
		return v.block
	}
}

// nestsAttributes reports whether structs are attributes. Only Terraform's protocol 6 has nested
// attributes, and Helm's provider uses no others. The providers of AWS and Kubernetes speak 5.
func (d *derivation) nestsAttributes() bool { return d.provider == "helm" }

func (d *derivation) attribute(m *member, v *value) (*Attribute, error) {
	if !m.computed && !m.assignable() {
		return nil, fmt.Errorf("%s is neither an argument nor computed", d.at())
	}
	a := &Attribute{
		Required: m.required, Optional: m.optional, Computed: m.computed,
		Sensitive: fact(d.address()) == isSensitive,
		WriteOnly: d.isWriteOnly(m),
	}
	var err error
	if v.structure == "" || !d.nestsAttributes() {
		a.Type, err = d.typeOf(v)
		return a, err
	}
	a.Nested = &Nested{Nesting: "single", Attributes: map[string]*Attribute{}}
	if len(v.in) == 1 {
		a.Nested.Nesting = v.in[0]
	} else if len(v.in) > 1 {
		return nil, fmt.Errorf("%s nests attributes in %d collections", d.at(), len(v.in))
	}
	return a, d.each(v.structure, func(name string, m *member, v *value) (err error) {
		a.Nested.Attributes[name], err = d.attribute(m, v)
		return err
	})
}

// isWriteOnly goes by the suffix _wo, which all three providers use. Whatever is inside a
// write-only argument is write-only as well.
func (d *derivation) isWriteOnly(m *member) bool {
	named := func(name string) bool { return strings.HasSuffix(name, "_wo") }
	return d.base == resource.base && m.assignable() && slices.ContainsFunc(d.path, named)
}

// typeOf is the type of a value that contains only attributes.
func (d *derivation) typeOf(v *value) (json.RawMessage, error) {
	written := json.RawMessage(v.of)
	if v.structure != "" {
		object := map[string]json.RawMessage{}
		err := d.each(v.structure, func(name string, _ *member, v *value) (err error) {
			object[name], err = d.typeOf(v)
			return err
		})
		if err != nil {
			return nil, err
		}
		if written, err = json.Marshal([]any{"object", object}); err != nil {
			return nil, err
		}
	}
	for _, collection := range slices.Backward(v.in) {
		written = fmt.Appendf(nil, `[%q,%s]`, collection, written)
	}
	return written, nil
}

// deepest is more than any provider nests: only a struct that contains itself goes deeper.
const deepest = 30

// each visits the members of a struct. Errors start with the path to the member.
func (d *derivation) each(structure string, visit func(name string, m *member, v *value) error) error {
	members, ok := d.structs[structure]
	if !ok {
		return fmt.Errorf("%s is a %s, which is nowhere", d.at(), structure)
	}
	if len(d.path) == deepest {
		return fmt.Errorf("%s is a %s, which holds itself", d.at(), structure)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		d.path = append(d.path, name)
		m := members[name]
		v, err := m.value()
		if err != nil {
			return fmt.Errorf("%s %w", d.at(), err)
		}
		if err := visit(name, m, v); err != nil {
			return err
		}
		d.path = d.path[:len(d.path)-1]
	}
	return nil
}

func (d *derivation) at() string { return strings.Join(d.path, ".") }

// address is the member's address in the notation of facts.txt.
func (d *derivation) address() string {
	switch d.base {
	case resource.base:
		return d.terraformType + "." + d.at()
	case dataSource.base:
		return "data." + d.terraformType + "." + d.at()
	default:
		return "provider." + d.terraformType + "." + d.at()
	}
}
