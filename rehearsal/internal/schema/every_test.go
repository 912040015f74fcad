package schema

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"gotest.tools/v3/assert"
)

// packages is the folder that `make setup` fills.
const packages = "../../../node_modules/@cdktf"

// TestEveryType derives all types in the packages. It checks them against the rules by which
// Terraform refuses to load a provider, and facts.txt against the types.
func TestEveryType(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"aws", "kubernetes", "helm"} {
		resources, dataSources := installed(t, name)
		provider, err := Extract(packages, name, resources, dataSources)
		assert.NilError(t, err)
		valid(t, "provider."+name, provider.Config, seen)
		for of, blocks := range map[string]map[string]*Block{"": provider.Resources, "data.": provider.DataSources, "ephemeral.": provider.Ephemeral} {
			for name, block := range blocks {
				valid(t, of+name, block, seen)
			}
		}
	}
	for where, fact := range facts {
		assert.Assert(t, seen[where], "facts.txt: %s %s: there is no such attribute: delete the line", fact, where)
		assert.Assert(t, fact == isSensitive || fact == "open" || fact == isObject, "facts.txt: %s %s: what is %s?", fact, where, fact)
	}
}

// installed are the types that have a folder in a package.
func installed(t *testing.T, name string) (resources, dataSources []string) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(packages, "provider-"+name, "lib", "*", "index.js"))
	assert.NilError(t, err)
	for _, folder := range folders {
		words := strings.ReplaceAll(filepath.Base(filepath.Dir(folder)), "-", "_")
		if typeName, ok := strings.CutPrefix(words, "data_"); ok {
			dataSources = append(dataSources, typeName)
		} else if words != "provider" {
			resources = append(resources, name+"_"+words)
		}
	}
	assert.Assert(t, len(resources) > 0, "%s has no resources: run make setup", packages)
	return resources, dataSources
}

// valid checks a block with its contents, and records each address and name in seen.
func valid(t *testing.T, address string, block *Block, seen map[string]bool) {
	t.Helper()
	proto, err := block.Proto()
	assert.NilError(t, err, address)
	object, ok := proto.ValueType().(tftypes.Object)
	assert.Assert(t, ok && len(object.AttributeTypes) == len(block.Attributes)+len(block.Blocks), "%s: a block is called like an attribute", address)
	validAttributes(t, address, block.Attributes, seen)
	for name, nested := range block.Blocks {
		if nested.Nesting == "single" {
			assert.Assert(t, nested.MinItems == 0 && nested.MaxItems == 0, "%s.%s: limits of a single block", address, name)
		}
		valid(t, address+"."+name, nested.Block, seen)
	}
}

func validAttributes(t *testing.T, address string, attributes map[string]*Attribute, seen map[string]bool) {
	t.Helper()
	for name, a := range attributes {
		seen[name], seen[address+"."+name] = true, true
		assert.Assert(t, a.Required != (a.Optional || a.Computed), "%s.%s: %s", address, name, describe(a))
		assert.Assert(t, !a.WriteOnly || !a.Computed, "%s.%s: is write-only and computed", address, name)
		assert.Assert(t, (a.Type == nil) != (a.Nested == nil), "%s.%s: has no type or two", address, name)
		if a.Nested != nil {
			validAttributes(t, address+"."+name, a.Nested.Attributes, seen)
		}
	}
}
