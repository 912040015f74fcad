package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/run"
)

// project is a folder of a user's own, with the repository's cdktf: what the commands write beside the
// stacks is there, the lock file too.
type project struct {
	administrator
	root string
}

func newProject(t *testing.T, overrides ...string) project {
	t.Helper()
	p := project{newAdministrator(t, overrides...), t.TempDir()}
	absolute, err := filepath.Abs(root)
	assert.NilError(t, err)
	for _, name := range []string{"cdktf.json", "environments", "node_modules"} {
		assert.NilError(t, os.Symlink(filepath.Join(absolute, name), filepath.Join(p.root, name)))
	}
	return p
}

// plinth is a command in the project.
func (p project) plinth(line string) run.Command {
	args := append(strings.Fields(line), "--skip-synth")
	return p.With(run.Command{Name: args[0], Program: tools.Command, Folder: p.root, Args: args}, "TERRAFORM_LOCK_FILE=")
}

// provider is the program of one in the mirror, which is a script.
func (p project) provider(namespace, name, version string) string {
	return p.Path("mirror", "registry.terraform.io", namespace, name, version, runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-"+name+"_v"+version)
}

// installed says that Terraform has installed a provider for a stack.
func (p project) installed(stack, namespace string) bool {
	p.t.Helper()
	found, err := filepath.Glob(filepath.Join(p.App.Stack(stack).Folder, ".terraform", "providers", "*", namespace))
	assert.NilError(p.t, err)
	return len(found) > 0
}

// evil is a resource of another provider, in a state.
var (
	instances = []any{map[string]any{"schema_version": 0, "attributes": map[string]any{"id": "i"}}}
	evil      = map[string]any{"mode": "managed", "type": "x_thing", "name": "y", "provider": `provider["registry.terraform.io/evil/x"]`, "instances": instances}
)

// publish puts that provider into the mirror, and returns the file that it leaves where it is run.
func (p project) publish() string {
	p.t.Helper()
	ran, program := filepath.Join(p.t.TempDir(), "ran"), p.provider("evil", "x", "1.0.0")
	assert.NilError(p.t, os.MkdirAll(filepath.Dir(program), 0o755))
	assert.NilError(p.t, os.WriteFile(program, []byte("#!/bin/sh\ntouch '"+ran+"'\n"), 0o755))
	return ran
}

// name adds a resource to the state of a stack, and returns the state before.
func (p project) name(stack string, resource map[string]any) []byte {
	p.t.Helper()
	before, err := p.State().Read(p.App.Stack(stack).Key)
	assert.NilError(p.t, err)
	var state map[string]any
	assert.NilError(p.t, json.Unmarshal(before, &state))
	state["serial"] = state["serial"].(float64) + 1
	state["resources"] = append(state["resources"].([]any), resource)
	content, err := json.Marshal(state)
	assert.NilError(p.t, err)
	assert.NilError(p.t, p.State().Write(p.App.Stack(stack).Key, content))
	return before
}

// TestLockFile records the checksums of the simulators, and deploys with them. Then one is another.
func TestLockFile(t *testing.T) {
	p := newProject(t)
	network := p.stack("network")
	p.contains(p.do(p.plinth("lock --platform "+runtime.GOOS+"_"+runtime.GOARCH+" --fs-mirror "+p.Path("mirror"))), "The checksums are in .terraform.lock.hcl. Commit it.")
	p.do(p.plinth("bootstrap dev --auto-approve --state " + p.folder))
	assert.Equal(t, len(p.listed()), p.all())
	p.contains(p.do(p.plinth("deploy "+network+" --auto-approve")), "Apply complete!")
	deployed := p.made()
	for _, stack := range []string{p.App.Bootstrap.Name, network} {
		content, err := os.ReadFile(filepath.Join(p.App.Stack(stack).Folder, ".terraform.lock.hcl"))
		assert.NilError(t, err)
		assert.Equal(t, strings.Count(string(content), "provider \""), 1)
		assert.Assert(t, strings.HasPrefix(string(content), "# Checksums of the providers' packages: ./plinth lock"), "Terraform has written %s", content)
	}

	// Somebody names another provider in the state after the commands have looked: it is never run.
	ran := p.publish()
	before := p.name(network, evil)
	p.contains(p.refused(p.With(p.Terraform(network, "init", "-input=false"), "TF_CLI_ARGS_init=-lockfile=readonly")), "Provider dependency changes detected")
	p.refused(p.Terraform(network, "plan", "-input=false"))
	_, err := os.Stat(ran)
	assert.Assert(t, os.IsNotExist(err))
	assert.NilError(t, p.State().Write(p.App.Stack(network).Key, before))

	program := p.provider("hashicorp", "aws", "5.99.1")
	content, err := os.ReadFile(program)
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(program, append(content, '\n'), 0o755))
	for _, line := range []string{"diff " + network, "plan " + network, "destroy " + network + " --auto-approve", "bootstrap dev --auto-approve --state " + p.folder} {
		p.contains(p.refused(p.plinth(line)), "checksums previously recorded in the dependency lock file")
	}
	assert.DeepEqual(t, p.made(), deployed)
	p.contains(p.refused(p.plinth("lock --platform "+runtime.GOOS+"_"+runtime.GOARCH+" --fs-mirror "+p.Path("mirror"))), "are not those of last time. Nothing was written.")
	assert.NilError(t, os.WriteFile(program, content, 0o755))
	p.contains(p.do(p.plinth("diff "+network)), "No changes.")
}

// TestForeignProvider has somebody who can write states name a provider there. Terraform alone would
// install it, and run it in the next plan.
func TestForeignProvider(t *testing.T) {
	p := newProject(t)
	network, bootstrap := p.stack("network"), "bootstrap dev --auto-approve --state "+p.folder
	p.do(p.plinth(bootstrap))
	p.do(p.plinth("deploy " + network + " --auto-approve"))
	ran := p.publish()
	made := p.made()
	in := map[string]any{"mode": "data", "type": "x_thing", "name": "y", "provider": `module.a.provider["registry.terraform.io/evil/x"].b`, "module": "module.a", "instances": instances}
	for i, evil := range []map[string]any{evil, in} {
		what := []string{`"x_thing.y" has "registry.terraform.io/evil/x"`, `"module.a.data.x_thing.y" has "registry.terraform.io/evil/x"`}[i]
		for stack, lines := range map[string][]string{
			network:              {"deploy %s --auto-approve", "deploy %s *-data --auto-approve", "destroy %s --auto-approve", "diff %s", "plan %s", "drift dev %s"},
			p.App.Bootstrap.Name: {bootstrap},
		} {
			before := p.name(stack, evil)
			assert.NilError(t, os.RemoveAll(filepath.Join(p.App.Stack(stack).Folder, ".terraform")))
			for _, line := range lines {
				if strings.Contains(line, "%s") {
					line = fmt.Sprintf(line, stack)
				}
				p.contains(p.refused(p.plinth(line)), stack+": its state s3://"+p.App.Bootstrap.Bucket+"/"+p.App.Stack(stack).Key+" names a provider that the stack does not require: "+what)
			}
			_, err := os.Stat(filepath.Join(p.App.Stack(stack).Folder, ".terraform"))
			assert.Assert(t, os.IsNotExist(err), "something is installed for %s", stack)
			if i == 0 && stack == network { // or the test would prove nothing
				p.do(p.Terraform(stack, "init", "-input=false"))
				assert.Assert(t, p.installed(stack, "evil"))
				_, err = os.Stat(ran)
				assert.Assert(t, os.IsNotExist(err))
				p.refused(p.Terraform(stack, "plan", "-input=false"))
				_, err = os.Stat(ran)
				assert.NilError(t, err, "a plan does not run it")
				assert.NilError(t, os.Remove(ran))
			}
			assert.NilError(t, p.State().Write(p.App.Stack(stack).Key, before))
		}
	}
	_, err := os.Stat(ran)
	assert.Assert(t, os.IsNotExist(err))
	assert.DeepEqual(t, p.made(), made)
	p.contains(p.do(p.plinth(bootstrap)), "No changes.")
	p.contains(p.do(p.plinth("diff "+network)), "No changes.")
}
