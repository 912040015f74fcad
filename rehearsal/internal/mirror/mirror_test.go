package mirror

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

var providers = []Provider{{"hashicorp", "aws", "5.99.1"}, {"hashicorp", "helm", "3.1.1"}}

func dummy(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "standin")
	assert.NilError(t, os.WriteFile(program, []byte("#!/bin/sh\nbasename $0\n"), 0o755))
	return program
}

func TestWrite(t *testing.T) {
	program, folder := dummy(t), t.TempDir()
	assert.NilError(t, Write(folder, program, providers))
	found, err := filepath.Glob(filepath.Join(folder, "*", "hashicorp", "aws", "5.99.1", runtime.GOOS+"_"+runtime.GOARCH, "*"))
	assert.NilError(t, err)
	assert.Equal(t, len(found), 2, "one for Terraform's registry and one for OpenTofu's: %v", found)
	for _, name := range found {
		output, err := exec.Command(name).Output()
		assert.NilError(t, err)
		assert.Equal(t, string(output), "terraform-provider-aws_v5.99.1\n")
	}
	assert.Assert(t, Write(folder, program, providers) != nil, "an earlier file was replaced")
	assert.Assert(t, Write(t.TempDir(), program+"x", providers) != nil)
}

// TestTerraform has the real Terraform install from a mirror. That starts no provider.
func TestTerraform(t *testing.T) {
	for _, binary := range []string{"terraform", "tofu"} {
		t.Run(binary, func(t *testing.T) {
			if _, err := exec.LookPath(binary); err != nil {
				t.Skip(binary + " is not installed")
			}
			mirror, project := t.TempDir(), t.TempDir()
			assert.NilError(t, Write(mirror, dummy(t), providers))
			rc := filepath.Join(project, "rc")
			assert.NilError(t, os.WriteFile(rc, []byte(Configuration(mirror)), 0o600))
			initialize := func(version string) (string, error) {
				assert.NilError(t, os.WriteFile(filepath.Join(project, "main.tf.json"), []byte(`{"terraform":{"required_providers":{
					"aws":{"source":"aws","version":"`+version+`"},"helm":{"source":"hashicorp/helm","version":"3.1.1"}}}}`), 0o600))
				command := exec.Command(binary, "init", "-no-color", "-input=false")
				command.Dir = project
				command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "TF_PLUGIN_CACHE_DIR=", "CHECKPOINT_DISABLE=1")
				output, err := command.CombinedOutput()
				return string(output), err
			}
			output, err := initialize("5.99.1")
			assert.NilError(t, err, output)
			for _, want := range []string{"Installed hashicorp/aws v5.99.1", "Installed hashicorp/helm v3.1.1"} {
				assert.Assert(t, strings.Contains(output, want), output)
			}
			// There is no other place to install from.
			output, err = initialize("5.99.2")
			assert.Assert(t, err != nil && strings.Contains(output, "Failed to query available provider packages") ||
				strings.Contains(output, "Failed to resolve provider packages"), output)
		})
	}
}
