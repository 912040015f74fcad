package cloud

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"plinth/rehearsal/internal/schema"
)

// TestNamesAreInTheSchema checks the kinds' attributes against the real schemas: a misspelt name
// would never match.
func TestNamesAreInTheSchema(t *testing.T) {
	blocks := schemas(t)
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			for list, paths := range map[string][]string{
				"replaced": k.replaced, "unique": k.unique, "opaque": k.opaque, "recomputed": k.recomputed,
				"refers": slices.Collect(maps.Keys(k.refers)),
			} {
				for i, path := range paths {
					assert.Check(t, has(blocks[name], path), "%s: %s has no attribute or block %s", list, name, path)
					assert.Check(t, !slices.Contains(paths[:i], path), "%s: %s is there twice", list, path)
				}
			}
			for path, target := range k.refers {
				targetKind, attribute, _ := strings.Cut(target, ".")
				assert.Check(t, blocks[targetKind] != nil && has(blocks[targetKind], attribute), "refers: %s: there is no %s", path, target)
			}
		})
	}
}

func TestHas(t *testing.T) {
	blocks := schemas(t)
	for address, want := range map[string]bool{
		"aws_vpc.cidr_block":                                 true,
		"aws_vpc.cidr":                                       false,
		"aws_vpc.cidr_block.below":                           false,
		"aws_eks_cluster.vpc_config":                         true,
		"aws_eks_cluster.vpc_config.vpc":                     false,
		"helm_release.set.name":                              true,
		"helm_release.set.names":                             false,
		"kubernetes_namespace.metadata.id":                   false,
		"aws_eks_cluster.encryption_config.provider.key_arn": true,
	} {
		name, path, _ := strings.Cut(address, ".")
		assert.Check(t, has(blocks[name], path) == want, address)
	}
}

// schemas are the schemas of all kinds.
func schemas(t *testing.T) map[string]*schema.Block {
	t.Helper()
	types := map[string][]string{}
	for name := range kinds {
		provider, _, _ := strings.Cut(name, "_")
		types[provider] = append(types[provider], name)
	}
	all := map[string]*schema.Block{}
	for provider, names := range types {
		extracted, err := schema.Extract("../../../node_modules/@cdktf", provider, names, nil)
		assert.NilError(t, err)
		maps.Copy(all, extracted.Resources)
	}
	return all
}

// has reports whether a path leads to an attribute or a block.
func has(block *schema.Block, path string) bool {
	name, rest, deeper := strings.Cut(path, ".")
	if nested := block.Blocks[name]; nested != nil {
		return !deeper || has(nested.Block, rest)
	}
	attribute := block.Attributes[name]
	if attribute == nil || !deeper {
		return attribute != nil
	}
	return attribute.Nested != nil && has(&schema.Block{Attributes: attribute.Nested.Attributes}, rest)
}

const (
	document = "../../../docs/rehearsal.md"
	begin    = "<!-- replacements:begin -->\n"
	end      = "<!-- replacements:end -->\n"
)

// TestReplacementsAreDocumented checks the document's table against the kinds. With -update it
// writes the table.
func TestReplacementsAreDocumented(t *testing.T) {
	content, err := os.ReadFile(document)
	assert.NilError(t, err)
	before, rest, found := strings.Cut(string(content), begin)
	table, after, closed := strings.Cut(rest, end)
	assert.Assert(t, found && closed, "%s: the markers %q and %q are gone", document, begin, end)
	want := replacements()
	if golden.FlagUpdate() {
		assert.NilError(t, os.WriteFile(document, []byte(before+begin+want+end+after), 0o644))
		return
	}
	assert.Equal(t, table, want, "docs/rehearsal.md is not current. In rehearsal: go test ./internal/cloud -update")
}

// replacements is a Markdown table of the attributes whose change replaces a resource.
func replacements() string {
	var table strings.Builder
	table.WriteString("| type | a change of |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if paths := kinds[name].replaced; len(paths) > 0 {
			fmt.Fprintf(&table, "| `%s` | `%s` |\n", name, strings.Join(slices.Sorted(slices.Values(paths)), "`, `"))
		}
	}
	return table.String()
}
