package schema

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestUnknownTypes(t *testing.T) {
	lib := filepath.Join(packages, "provider-aws", "lib")
	for _, c := range []struct{ resource, dataSource, want string }{
		{"aws_vcp", "", "aws_vcp: provider-aws 19.65.1 has no such resource; did you mean aws_vpc?"},
		{"", "aws_region_", "aws_region_: provider-aws 19.65.1 has no such data source; did you mean aws_region?"},
		{"aws_caller_identity", "", "aws_caller_identity: provider-aws 19.65.1 has no such resource; see the folders in " + lib},
		{"vpc", "", "vpc: provider-aws 19.65.1 has no such resource; see the folders in " + lib},
		{"google_compute_instance", "", "google_compute_instance: provider-aws 19.65.1 has no such resource; see the folders in " + lib},
	} {
		var resources, dataSources []string
		if c.resource != "" {
			resources = []string{c.resource}
		} else {
			dataSources = []string{c.dataSource}
		}
		_, err := Extract(packages, "aws", resources, dataSources)
		assert.Error(t, err, c.want)
	}
}

func TestNotInstalled(t *testing.T) {
	_, err := Extract("nowhere", "aws", nil, nil)
	assert.Error(t, err, "nowhere/provider-aws: the package @cdktf/provider-aws is not installed: run make setup")
}

// TestStrangeCode alters a small package until it differs from the generator's output: Extract must
// not guess.
func TestStrangeCode(t *testing.T) {
	source, err := os.ReadFile("testdata/up.ts")
	assert.NilError(t, err)
	for _, c := range []struct {
		name, want string
		bent       []string
	}{
		{"as it is", "", nil},
		{"a getter", "arn is reached by this.getDurationAttribute('arn')", []string{"getStringAttribute('arn')", "getDurationAttribute('arn')"}},
		{"flags", "arn is neither an argument nor computed", []string{"arn - computed: true", "arn - computed: false"}},
		{"no flags", "sizes has no comment that tells whether it is computed, optional or required", []string{"// sizes - computed", "// computed"}},
		{"a collection", `sizes is written as cdktf.tupleMapperHcl(cdktf.numberToHclTerraform, false)(this._sizes) of type "list"`, []string{"listMapperHcl", "tupleMapperHcl"}},
		{"a primitive", `sizes is written as cdktf.listMapperHcl(cdktf.complexToHclTerraform, false)(this._sizes) of type "list"`, []string{"numberToHcl", "complexToHcl"}},
		{"a nesting", `timeouts is written as upTimeoutsToHclTerraform(this._timeouts.internalValue) of type "group"`, []string{`"struct"`, `"group"`}},
		{"an argument that is not written", `sizes is written as  of type ""`, []string{"      sizes: {", "      other(): {"}},
		{"a missing struct", "timeouts is a UpTimeouts, which is nowhere", []string{"export class UpTimeouts", "class UpTimeouts", "export function upTimeouts", "function upTimeouts", "export interface UpTimeouts", "interface UpTimeouts"}},
		{"a struct in itself", "is a UpTimeouts, which holds itself", []string{"cdktf.stringToHclTerraform(struct!.create)", "upTimeoutsToHclTerraform(struct!.create)", `"simple"`, `"struct"`}},
		{"no class", "has no class of a resource, data source or provider", []string{"export class Up extends", "class Up extends"}},
		{"another class", `is a TerraformAction of type "made_up" and version "1.2.3" instead of a TerraformResource of type made_up`, []string{"TerraformResource", "TerraformAction"}},
		{"no source map", "has no source map to read a schema from", []string{string(source), ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, filepath.Join(folder, "provider-made/lib/provider"), strings.NewReplacer("TerraformResource", "TerraformProvider", "made_up", "made").Replace(string(source)))
			write(t, filepath.Join(folder, "provider-made/lib/up"), strings.NewReplacer(c.bent...).Replace(string(source)))
			provider, err := Extract(folder, "made", []string{"made_up"}, nil)
			if c.want != "" {
				assert.ErrorContains(t, err, filepath.Join(folder, "provider-made/lib/up"))
				assert.ErrorContains(t, err, c.want)
				return
			}
			assert.NilError(t, err)
			assert.Equal(t, describe(provider.Resources["made_up"].Attributes["sizes"]), `["list","number"], optional`)
		})
	}
}

// write writes a type's folder as in npm, with the source in the JavaScript's source map.
func write(t *testing.T, folder, source string) {
	t.Helper()
	assert.NilError(t, os.MkdirAll(folder, 0o755))
	javascript := "exports.Up = Up;\n"
	if source != "" {
		sourceMap, err := json.Marshal(map[string]any{"version": 3, "sourcesContent": []string{source}})
		assert.NilError(t, err)
		javascript += mapMark + base64.StdEncoding.EncodeToString(sourceMap)
	}
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "index.js"), []byte(javascript), 0o644))
}
