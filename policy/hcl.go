package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// toHCL returns a stack's resources and data sources in Terraform's own syntax. tfsec reads JSON too,
// but ignores nested blocks in it: the rules of a security group, the statements of a policy, the
// encryption of a cluster.
func toHCL(s *stack) []byte {
	var text bytes.Buffer
	for _, mode := range []string{"resource", "data"} {
		for _, e := range s.elements(mode) {
			body := maps.Clone(e.body)
			maps.DeleteFunc(body, func(key string, _ any) bool { return slices.Contains(meta, key) })
			fmt.Fprintf(&text, "%s %q %q {\n", e.mode, e.kind, e.name)
			writeBody(&text, body)
			text.WriteString("}\n")
		}
	}
	return text.Bytes()
}

// meta are Terraform's meta-arguments. They do not configure the resource, and some have a syntax of
// their own.
var meta = []string{"depends_on", "lifecycle", "provider", "provisioner", "connection"}

// freeFormMaps are arguments that are maps with the user's own keys. In JSON they look like blocks.
var freeFormMaps = []string{"annotations", "data", "input", "labels", "match_labels", "tags", "tags_all", "triggers_replace", "variables"}

func writeBody(text *bytes.Buffer, body object) {
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if key == "//" || body[key] == nil {
			continue
		}
		values := list(body[key])
		if slices.Contains(freeFormMaps, key) || !slices.ContainsFunc(values, isBlock) {
			fmt.Fprintf(text, "%s = %s\n", key, expression(body[key]))
			continue
		}
		for _, block := range values {
			fmt.Fprintf(text, "%s {\n", key)
			writeBody(text, asObject(block))
			text.WriteString("}\n")
		}
	}
}

// isBlock reports whether a value could be a block: an object whose keys are identifiers.
func isBlock(value any) bool {
	o, ok := value.(object)
	for key := range o {
		ok = ok && (hclsyntax.ValidIdentifier(key) || key == "//")
	}
	return ok
}

// expression returns a value as an HCL expression.
func expression(value any) string {
	switch v := value.(type) {
	case string:
		return template(v)
	case []any:
		var text bytes.Buffer
		for _, item := range v {
			fmt.Fprintf(&text, "%s,\n", expression(item))
		}
		return "[\n" + text.String() + "]"
	case object:
		var text bytes.Buffer
		for _, key := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(&text, "%s = %s\n", quoted(key), expression(v[key]))
		}
		return "{\n" + text.String() + "}"
	}
	text, _ := json.Marshal(value) // a number, a boolean or null
	return string(text)
}

// template returns a text as an HCL template, where ${…} is an expression, as in Terraform's JSON.
func template(text string) string {
	source := []byte(text)
	parsed, problems := hclsyntax.ParseTemplate(source, "", hcl.InitialPos)
	if problems.HasErrors() {
		return quoted(text)
	}
	of := func(e hclsyntax.Expression) string { return string(e.Range().SliceBytes(source)) }
	switch t := parsed.(type) {
	case *hclsyntax.TemplateWrapExpr:
		return of(t.Wrapped)
	case *hclsyntax.TemplateExpr:
		var result bytes.Buffer
		for _, part := range t.Parts {
			if literal, ok := part.(*hclsyntax.LiteralValueExpr); ok && literal.Val.Type() == cty.String {
				written := quoted(literal.Val.AsString())
				result.WriteString(written[1 : len(written)-1])
			} else {
				result.WriteString("${" + of(part) + "}")
			}
		}
		return `"` + result.String() + `"`
	}
	return quoted(text)
}

// quoted returns a text as a literal HCL string.
func quoted(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}
