package schema

import (
	"fmt"
	"regexp"
	"strings"
)

// value is the type of a member: a primitive or a struct, in any number of collections.
type value struct {
	// in is the collections, the outermost first: list, set or map.
	in []string
	// of is a primitive in Terraform's notation, or empty; then structure is the struct's name.
	of, structure string
	// block reports whether it is surely a nested block, see derivation.isBlock. once reports
	// whether there is at most one.
	block, once bool
}

const dynamic = `"dynamic"`

// primitives are keyed by the names in the generator's functions.
var primitives = map[string]string{"string": `"string"`, "number": `"number"`, "boolean": `"bool"`, "any": dynamic}

// writtenValue derives the value from the expression that writes an argument, from the outside
// inwards: cdktf.listMapperHcl(vpcEndpointSubnetsToHclTerraform, true)(this._subnets.internalValue).
func writtenValue(m *member) (*value, error) {
	strange := fmt.Errorf("is written as %s of type %q", m.argument, m.nesting)
	expression := m.argument
	if _, after, ok := strings.Cut(expression, " === undefined ? null : "); ok {
		expression = after
	}
	call := strings.LastIndex(expression, "(")
	if call < 0 {
		return nil, strange
	}
	expression = expression[:call]
	v := &value{}
	for strings.HasSuffix(expression, ")") {
		mapper := mapped.FindStringSubmatch(expression)
		if mapper == nil {
			return nil, strange
		}
		if listed, blocks, hashed := mapper[1], mapper[2], mapper[3]; hashed == "" {
			v.in, expression, v.block = append(v.in, "list"), listed, blocks == "true"
		} else {
			v.in, expression = append(v.in, "map"), hashed
		}
	}
	name, ok := strings.CutSuffix(expression, "ToHclTerraform")
	if primitive, native := strings.CutPrefix(name, "cdktf."); native {
		v.of = primitives[primitive]
	} else if name != "" {
		v.structure = structName(name)
	}
	if !ok || v.of == "" && v.structure == "" {
		return nil, strange
	}
	return v, v.nest(m.nesting, strange)
}

var mapped = regexp.MustCompile(`^cdktf\.(?:listMapperHcl\((.+), (true|false)\)|hashMapperHcl\((.+)\))$`)

// structName is the name of the struct of a function such as vpcTimeoutsToHclTerraform.
func structName(function string) string { return strings.ToUpper(function[:1]) + function[1:] }

// nest adds what only the nesting type shows: a set instead of a list, and a single block, which
// is written without its list or set.
func (v *value) nest(nesting string, strange error) error {
	isStruct := v.structure != ""
	switch {
	case nesting == "simple" && !isStruct && len(v.in) == 0, nesting == "struct" && isStruct && len(v.in) == 0:
	case nesting == "map" && len(v.in) > 0 && v.in[0] == "map":
	case (nesting == "list" || nesting == "set") && isStruct && len(v.in) == 0:
		v.in, v.block, v.once = []string{nesting}, true, true
	case (nesting == "list" || nesting == "set") && len(v.in) > 0 && v.in[0] == "list":
		v.in[0] = nesting
	default:
		return strange
	}
	if v.of == dynamic && len(v.in) == 1 && v.in[0] == "map" {
		v.in = nil // cdktf treats a dynamic attribute as a map of anything
	}
	return nil
}

var (
	quoted     = regexp.MustCompile(`['"]\w+['"]`)
	structHeld = regexp.MustCompile(`^new (\w+?)(OutputReference\(this, _|List\(this, _, false|List\(this, _, true|Map\(this, _)\)$`)
)

// heldIn are the collections of read-only structs.
var heldIn = map[string][]string{
	"OutputReference(this, _": nil,
	"List(this, _, false":     {"list"},
	"List(this, _, true":      {"set"},
	"Map(this, _":             {"map"},
}

// held are the expressions that read a read-only value, with its name replaced by _.
var held = map[string]value{
	"this.getStringAttribute(_)":                                                {of: `"string"`},
	"this.getNumberAttribute(_)":                                                {of: `"number"`},
	"this.getBooleanAttribute(_)":                                               {of: `"bool"`},
	"this.getListAttribute(_)":                                                  {of: `"string"`, in: []string{"list"}},
	"cdktf.Fn.tolist(this.getListAttribute(_))":                                 {of: `"string"`, in: []string{"set"}},
	"this.getNumberListAttribute(_)":                                            {of: `"number"`, in: []string{"list"}},
	"cdktf.Token.asNumberList(cdktf.Fn.tolist(this.getNumberListAttribute(_)))": {of: `"number"`, in: []string{"set"}},
	"new cdktf.StringMap(this, _)":                                              {of: `"string"`, in: []string{"map"}},
	"new cdktf.NumberMap(this, _)":                                              {of: `"number"`, in: []string{"map"}},
	"new cdktf.BooleanMap(this, _)":                                             {of: `"bool"`, in: []string{"map"}},
	"new cdktf.BooleanList(this, _, false)":                                     {of: `"bool"`, in: []string{"list"}},
	"new cdktf.BooleanList(this, _, true)":                                      {of: `"bool"`, in: []string{"set"}},
	"this.getAnyMapAttribute(_)":                                                {of: dynamic},
	// cdktf drops the type of a value that is too large for it: see SKIPPED_ATTRIBUTES in its generator.
	"this.interpolationForAttribute(_)": {of: dynamic},
}

// heldValue derives the value of a read-only member.
func heldValue(m *member) (*value, error) {
	expression := quoted.ReplaceAllString(m.held, "_")
	if v, ok := held[expression]; ok {
		return &v, nil
	}
	parts := structHeld.FindStringSubmatch(expression)
	if parts == nil {
		return nil, fmt.Errorf("is reached by %s", m.held)
	}
	return &value{structure: parts[1], in: heldIn[parts[2]]}, nil
}
