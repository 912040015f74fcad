package integration

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/synthesized"
)

// pipeline is a clone of the repository. gitlab-ci-local runs the jobs of GitLab's pipeline in it,
// in a shell, against the rehearsal's AWS.
type pipeline struct {
	rehearsal
	program, folder string
	// variables are those of commands run by hand, and these.
	variables []string
}

// newPipeline clones the work tree with its uncommitted changes.
func newPipeline(t *testing.T, r rehearsal) pipeline {
	t.Helper()
	absolute, err := filepath.Abs(root)
	assert.NilError(t, err)
	p := pipeline{r, filepath.Join(absolute, "ci", "node_modules", ".bin", "gitlab-ci-local"), t.TempDir(), nil}
	p.in(absolute, "make", "ci/node_modules/.package-lock.json")
	var files []string
	for file := range strings.SplitSeq(strings.Trim(p.in(absolute, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join(absolute, file)); err == nil { // not deleted
			files = append(files, file)
		}
	}
	// Keep the modification times: make compares them.
	p.in(absolute, "cp", append([]string{"--parents", "--preserve=mode,timestamps", "--target-directory", p.folder}, files...)...)
	p.in(absolute, "cp", "--recursive", "--preserve=mode,timestamps", ".gen", p.folder)
	assert.NilError(t, os.Symlink(filepath.Join(absolute, "node_modules"), filepath.Join(p.folder, "node_modules")))
	for _, args := range []string{
		"init --quiet --initial-branch main", "add --all", "-c user.name=a -c user.email=a@b commit --quiet --message x",
		"remote add origin https://gitlab.example.com/group/plinth.git", "update-ref refs/remotes/origin/main HEAD",
		"symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main",
	} {
		p.in(p.folder, "git", strings.Fields(args)...)
	}
	return p
}

func (p pipeline) in(folder, name string, args ...string) string {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), name, args...)
	command.Dir = folder
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	assert.NilError(p.t, err, "%s: %s%s", name, out, &stderr)
	return string(out)
}

// run runs jobs of a file, and with any jobs named also those they need. It passes a rehearsal's variables
// and GitLab's token; a job has no other credentials.
func (p pipeline) run(ref synthesized.Ref, variables map[string]string, file string, jobs ...string) {
	p.t.Helper()
	out, err := p.try(ref, variables, file, jobs...)
	assert.NilError(p.t, err, "%s", out)
}

// try is run for jobs that may fail.
func (p pipeline) try(ref synthesized.Ref, variables map[string]string, file string, jobs ...string) ([]byte, error) {
	p.t.Helper()
	token, err := p.Token(ref, verbOf(file), time.Hour)
	assert.NilError(p.t, err)
	content, err := os.ReadFile(token)
	assert.NilError(p.t, err)
	environ := append(os.Environ(), append(p.Variables(), p.Overrides()...)...)
	environ = append(slices.DeleteFunc(environ, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY" || fromMake(variable)
	}), "AWS_ID_TOKEN="+string(content))
	// gitlab-ci-local copies artifacts with rsync. A fake rsync does it.
	standins, err := filepath.Abs(filepath.Join(root, "cli", "internal", "pipeline", "testdata", "bin"))
	assert.NilError(p.t, err)
	for i, variable := range environ {
		if path, is := strings.CutPrefix(variable, "PATH="); is {
			environ[i] = "PATH=" + standins + string(filepath.ListSeparator) + path
		}
	}
	args := []string{"--file", file, "--force-shell-executor", "--concurrency", "1", "--state-dir", "build/gitlab-ci-local", "--variable", "CI_IMAGE=none"}
	// Do not download again what this machine has.
	for name, value := range map[string]string{
		"GOMODCACHE": strings.TrimSpace(p.in(root, "go", "env", "GOMODCACHE")), "GOCACHE": strings.TrimSpace(p.in(root, "go", "env", "GOCACHE")),
		// Do not compile again because the clone is in another folder.
		"GOFLAGS": "-trimpath", "npm_config_cache": strings.TrimSpace(p.in(root, "npm", "config", "get", "cache")),
	} {
		args = append(args, "--variable", name+"="+value)
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		args = append(args, "--variable", name+"="+variables[name])
	}
	if variables[source] != "" {
		args = append(args, "--ignore-predefined-vars", source)
	}
	if file != ".gitlab-ci.yml" { // there it would be all earlier stages
		args = append(args, "--needs")
	}
	command := exec.CommandContext(p.t.Context(), p.program, append(args, jobs...)...)
	command.Dir, command.Env = p.folder, environ
	return command.CombinedOutput()
}

// verbOf returns the verb of a file's jobs, except for the job that pushes the image.
func verbOf(file string) synthesized.Verb {
	if strings.HasSuffix(file, "-plan.yml") || strings.HasSuffix(file, "-drift.yml") {
		return synthesized.Plan
	}
	return synthesized.Deploy
}

// plinth runs the command by hand, as the account's administrator.
func (p pipeline) plinth(args ...string) string {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), filepath.Join(p.folder, "plinth"), args...)
	environ := append(os.Environ(), append(p.Variables(), p.Overrides()...)...)
	// Without a token, no note is written into the merge request that these tests run for.
	command.Dir, command.Env = p.folder, append(slices.DeleteFunc(environ, fromMake), "GITLAB_NOTE_TOKEN=", "GOFLAGS=-trimpath")
	command.Env = append(command.Env, p.variables...)
	out, err := command.CombinedOutput()
	assert.NilError(p.t, err, "./plinth %s: %s", args, out)
	return string(out)
}

// fromMake reports whether make has passed a variable on to the tests that it runs.
func fromMake(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return strings.HasPrefix(name, "MAKE") || name == "MFLAGS"
}

// source is the variable with the reason why a pipeline runs.
const source = "CI_PIPELINE_SOURCE"

func (p pipeline) read(file string) string {
	p.t.Helper()
	content, err := os.ReadFile(filepath.Join(p.folder, file))
	assert.NilError(p.t, err)
	return string(content)
}

// TestPipeline runs jobs of GitLab's pipeline with the real scripts: the checks of a merge
// request, the generated plans, and the deployment of stacks, each under its own role. It also
// runs the manual commands: the bootstrap, a diff, the note of a merge request.
func TestPipeline(t *testing.T) {
	t.Parallel()
	r := start(t, "dev")
	p := newPipeline(t, r)
	p.contains(p.plinth("bootstrap", "dev", "--auto-approve"), "./plinth deploy dev-network")
	release := r.App.Pipeline.Release()
	const plans, deployment, destruction = "build/pipeline/dev-plan.yml", "build/pipeline/dev-deploy.yml", "build/pipeline/dev-destroy.yml"

	// One small Go module stands in for all tests.
	p.run(release, map[string]string{"MODULE": "permissions"}, ".gitlab-ci.yml", "settings", "test", "synth")
	generated := p.read(destruction)
	p.run(synthesized.Review, nil, plans, "plan-dev-network", "plan-dev-data")
	p.contains(p.read("build/plan/dev-network/summary.md"), "#### dev-network\n\n", " to add.\n", "| add | `aws_vpc.")
	p.contains(p.read("build/plan/dev-data/summary.md"), "Cannot be planned yet: dev-data needs dev-network, which has not been deployed.\n")
	assert.Equal(t, len(r.inNetwork()), 0, "a plan makes something")

	p.run(release, nil, deployment, "deploy-dev-network")
	p.contains(p.read("build/outputs/dev-network.json"), `"dev-network"`, `"vpc-`)
	p.run(synthesized.Review, nil, plans, "plan-dev-network")
	assert.Equal(t, p.read("build/plan/dev-network/summary.md"), "#### dev-network\n\nNo changes.\n")
	p.contains(p.plinth("diff", "dev-network"), "No changes.")
	p.plinth("note", "dev", "dev-network dev-data")
	p.contains(p.read("build/plan/dev.md"), "#### dev-network\n\nNo changes.\n", "Cannot be planned yet: dev-data needs dev-network")
	p.drift(release)
	// A scheduled pipeline generates no such jobs.
	assert.NilError(t, os.WriteFile(filepath.Join(p.folder, destruction), []byte(generated), 0o600))
	p.run(release, nil, destruction, "destroy-dev-network")
	assert.Equal(t, len(r.inNetwork()), 0, "something is left")
}

// drift runs a scheduled pipeline on the network before and after somebody has changed it.
func (p pipeline) drift(release synthesized.Ref) {
	p.t.Helper()
	const drift, report = "build/pipeline/dev-drift.yml", "build/drift/summary.md"
	p.run(release, map[string]string{source: "schedule"}, ".gitlab-ci.yml", "synth")
	p.run(release, nil, drift, "drift-dev-network", "drift-dev-data")
	p.contains(p.read(report), "| dev-data | not deployed |")
	assert.NilError(p.t, p.Cloud().Update(func(w *cloud.World) error {
		w.Each(func(_, _ string, thing *cloud.Thing) bool {
			thing.Attributes["enable_dns_hostnames"] = false
			return true
		}, "aws_vpc")
		return nil
	}))
	out, err := p.try(release, nil, drift, "drift-dev-network")
	assert.Assert(p.t, err != nil, "drift is no failure:\n%s", out)
	p.contains(p.read(report), "| dev-network | differs | 1 to change |", "dev-network, changed by others:\n\n- `aws_vpc.")
}

// inNetwork returns the VPCs.
func (r rehearsal) inNetwork() []string {
	r.t.Helper()
	return slices.DeleteFunc(r.made(), func(thing string) bool { return !strings.HasPrefix(thing, "aws_vpc ") })
}
