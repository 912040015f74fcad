package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/project"
)

// fake is a project with one environment, in which cdktf and Terraform are scripts. It cannot
// synthesize: give every command --skip-synth.
type fake struct {
	*project.Project
	t              *testing.T
	stdout, stderr bytes.Buffer
}

// needs lists the stacks of dev and what each needs.
var needs = map[string][]string{
	"bootstrap-dev": {}, "dev-network": {"bootstrap-dev"}, "dev-data": {"bootstrap-dev", "dev-network"}, "dev-app": {"bootstrap-dev", "dev-data"},
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t}
	f.Project = &project.Project{Root: t.TempDir(), Environ: os.Environ(), Stdin: strings.NewReader(""), Stdout: &f.stdout, Stderr: &f.stderr}
	stacks := map[string]any{}
	for name, dependencies := range needs {
		file := "stacks/" + name + "/cdk.tf.json"
		stacks[name] = map[string]any{"name": name, "dependencies": dependencies, "synthesizedStackPath": file}
		outputs := "{}"
		if name == "dev-app" {
			outputs = `{"application": {"value": "app"}, "url_host": {"value": "${x}"}, "build": {"value": {"context": "app", "dockerfile": "app/Dockerfile"}}}`
		}
		f.write("cdktf.out/"+file, `{"output": `+outputs+`, "terraform": {"backend": {"s3": {"bucket": "b", "key": "`+name+`"}}, "required_providers": {"aws": {"source": "aws", "version": "5.99.1"}}}}`)
	}
	manifest, err := json.Marshal(map[string]any{"stacks": stacks})
	assert.NilError(t, err)
	for file, content := range map[string]string{
		"cdktf.json":              "{}",
		"app/Dockerfile":          "",
		"app/go.mod":              "",
		"environments/dev.yaml":   "",
		"environments/prod.yaml":  "",
		"cdktf.out/manifest.json": string(manifest),
		"node_modules/.bin/cdktf": `#!/bin/sh
printf '%s\n' "$* alone=${CDKTF_IGNORE_MISSING_STACK_DEPENDENCIES-} ci=$CI node=${NODE_OPTIONS-}" >> ` + f.Path("calls") + `
test ! -e ` + f.Path("broken") + ` || exit 7
`,
		// Only stacks that f.deployed has named have a state.
		"terraform": `#!/bin/sh
test "$1" != state || cat ` + f.Path("states") + `/$(basename "$PWD") 2>/dev/null || true
`,
	} {
		f.write(file, content)
	}
	t.Setenv("TERRAFORM_BINARY_NAME", f.Path("terraform"))
	for _, name := range []string{"CI", "NODE_OPTIONS", "CDKTF_OUTPUT", "BUILDER"} {
		t.Setenv(name, "")
		_ = os.Unsetenv(name)
	}
	f.Environ = os.Environ()
	return f
}

// addShop adds an application whose image other tools push.
func (f *fake) addShop() {
	f.t.Helper()
	f.write("cdktf.out/stacks/dev-shop/cdk.tf.json", `{"output": {"application": {"value": "shop"}}}`)
	f.write("cdktf.out/manifest.json", strings.Replace(string(f.read("cdktf.out/manifest.json")), `{"stacks":{`,
		`{"stacks":{"dev-shop":{"name":"dev-shop","dependencies":["bootstrap-dev","dev-data"],"synthesizedStackPath":"stacks/dev-shop/cdk.tf.json"},`, 1))
}

func (f *fake) write(name, content string) {
	f.t.Helper()
	assert.NilError(f.t, os.MkdirAll(filepath.Dir(f.Path(name)), 0o755))
	assert.NilError(f.t, os.WriteFile(f.Path(name), []byte(content), 0o700))
}

func (f *fake) read(name string) []byte {
	f.t.Helper()
	content, err := os.ReadFile(f.Path(name))
	assert.NilError(f.t, err)
	return content
}

// deployed puts a resource into the states of stacks.
func (f *fake) deployed(stacks ...string) {
	for _, stack := range stacks {
		f.write("states/"+stack, `{"version": 4, "resources": [{"mode": "managed", "type": "aws_vpc", "name": "a", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{}]}]}`)
	}
}

// run runs the command, and returns its exit code and output.
func (f *fake) run(args ...string) (code int, said string) {
	f.t.Helper()
	f.stdout.Reset()
	f.stderr.Reset()
	code = Run(f.t.Context(), f.Project, args)
	return code, f.stdout.String() + f.stderr.String()
}

// calls returns the calls of cdktf since the last time.
func (f *fake) calls() string {
	f.t.Helper()
	content, err := os.ReadFile(f.Path("calls"))
	if !os.IsNotExist(err) {
		assert.NilError(f.t, err)
	}
	_ = os.Remove(f.Path("calls"))
	return string(content)
}
