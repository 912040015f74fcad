package wholeapp

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestTerraformReads makes the real Terraform read every stack. It removes the backend, which
// Terraform would connect to first.
func TestTerraformReads(t *testing.T) {
	t.Parallel()
	for stack, document := range newPlatform(t, environments).stacks {
		t.Run(stack, func(t *testing.T) {
			delete(document["terraform"].(object), "backend")
			content, err := json.Marshal(document)
			assert.NilError(t, err)
			folder := t.TempDir()
			assert.NilError(t, os.WriteFile(filepath.Join(folder, "cdk.tf.json"), content, 0o600))

			command := exec.Command("terraform", "providers", "-no-color")
			command.Dir = folder
			command.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1")
			output, err := command.CombinedOutput()
			assert.NilError(t, err, string(output))
			for name := range document["provider"].(object) {
				assert.Assert(t, strings.Contains(string(output), "hashicorp/"+name+"]"), string(output))
			}
		})
	}
}

// TestZonesAreStable adds a zone: no existing subnet may change.
func TestZonesAreStable(t *testing.T) {
	t.Parallel()
	subnets := func(zones string) map[string]string {
		p := newPlatform(t, samples, "PLINTH_ENVIRONMENTS=dev", "PLINTH_DEV_NETWORK_ZONES="+zones)
		result := map[string]string{}
		for _, e := range p.resources("aws_subnet") {
			result[e.name] = e.body["cidr_block"].(string)
		}
		return result
	}
	two, three := subnets("[a, c]"), subnets("[a, b, c]")
	assert.Equal(t, len(two), 6)
	assert.Equal(t, len(three), 9)
	for name, cidr := range two {
		assert.Equal(t, three[name], cidr, "%s moved", name)
	}
}
