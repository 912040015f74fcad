// Package wholeapp tests the program's output for whole environments. Each test runs the program that
// users run, and reads its files.
package wholeapp

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"plinth/synthesis"
)

const (
	// root is the project's folder, in which the program runs.
	root = ".."
	// environments is the folder of the project's environments.
	environments = root + "/environments"
	// samples is a folder of environments for tests, including dev and prod. They do not change
	// with the project's.
	samples = root + "/settings/testdata/environments"
)

// date is a day on which AWS supports the versions of the settings: these tests hold on any day.
const date = "SOURCE_DATE_EPOCH=1796083200" // 2026-12-01

// work is a folder for all tests. program is what they run, built there once.
var work, program string

func TestMain(m *testing.M) {
	code, err := build(m.Run)
	synthesis.Close() // package stacks imports jsii
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func build(test func() int) (code int, err error) {
	flag.Parse()
	if work, err = os.MkdirTemp("", "plinth-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(work)
	program = filepath.Join(work, "plinth")
	if output, err := exec.Command("go", "build", "-o", program, root).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, output)
	}
	return described(test), nil
}

// inProject returns a command in the project's folder. It has the machine's environment variables,
// except overrides of settings, and the given ones.
func inProject(variables []string, name string, args ...string) *exec.Cmd {
	command := exec.Command(name, args...)
	command.Dir = root
	command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "PLINTH_") })
	// The project's digests are for the images of its own environments.
	command.Env = append(append(command.Env, "IMAGES_LOCK_FILE=none", date), variables...)
	return command
}

// runProgram runs the program with flags on a folder of settings with overrides, and returns its
// output folder.
func runProgram(flags []string, folder string, overrides ...string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	outdir, err := os.MkdirTemp(work, "out-")
	if err != nil {
		return "", err
	}
	output, err := inProject(append(slices.Clone(overrides), "CDKTF_OUTDIR="+outdir), program, append(flags, "-environments", folder)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return outdir, nil
}

// results are functions that run the program, each once, by folder and overrides. Most of a run is
// the start of Node.js.
var results sync.Map

// result returns the program's output folder for a folder of settings with overrides.
func result(folder string, overrides ...string) (string, error) {
	once, _ := results.LoadOrStore(fmt.Sprint(folder, overrides), sync.OnceValues(func() (string, error) {
		return runProgram(nil, folder, overrides...)
	}))
	return once.(func() (string, error))()
}

// synthesize is [result] for a test. Tests share it.
func synthesize(t *testing.T, folder string, overrides ...string) string {
	t.Helper()
	outdir, err := result(folder, overrides...)
	assert.NilError(t, err)
	return outdir
}

// stackFiles returns the contents of a folder's synthesized files by their stack's id.
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

// TestGolden compares every stack of every environment with testdata/golden. After an intended
// change run make golden.
func TestGolden(t *testing.T) {
	t.Parallel()
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

// TestEveryFileIsAnEnvironment adds another file and nothing else.
func TestEveryFileIsAnEnvironment(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	again, err := runProgram(nil, samples)
	assert.NilError(t, err)
	first, second := stackFiles(t, synthesize(t, samples)), stackFiles(t, again)
	for stack, content := range first {
		assert.Assert(t, content == second[stack], "%s differs between two runs", stack)
	}
}
