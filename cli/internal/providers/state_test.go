package providers

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/synthesized"
)

// secret is in every state. No message may hold it.
const secret = "correct-horse-battery-staple"

type object = map[string]any

// three are the providers of an application's stack, as cdktf writes them.
var three = object{
	"aws":        object{"source": "aws", "version": "5.99.1"},
	"helm":       object{"source": "hashicorp/helm", "version": "3.1.1"},
	"kubernetes": object{"source": "kubernetes", "version": "2.38.0"},
}

// project writes stacks, each with the providers that it requires, and returns the project's folder.
func project(t *testing.T, stacks map[string]object) string {
	t.Helper()
	t.Setenv("CDKTF_OUTPUT", "")
	root, listed := t.TempDir(), object{}
	for name, providers := range stacks {
		file := "stacks/" + name + "/cdk.tf.json"
		listed[name] = object{"name": name, "synthesizedStackPath": file}
		write(t, filepath.Join(root, "cdktf.out", file), object{"terraform": object{"required_providers": providers}})
	}
	write(t, filepath.Join(root, "cdktf.out/manifest.json"), object{"stacks": listed})
	write(t, filepath.Join(root, "cdktf.json"), object{})
	return root
}

func write(t *testing.T, file string, content any) {
	t.Helper()
	text, is := content.(string)
	if !is {
		encoded, err := json.Marshal(content)
		assert.NilError(t, err)
		text = string(encoded)
	}
	assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	assert.NilError(t, os.WriteFile(file, []byte(text), 0o600))
}

// named returns a stack of the project.
func named(t *testing.T, root, name string) synthesized.Stack {
	t.Helper()
	all, err := synthesized.Read(root)
	assert.NilError(t, err)
	return all[name]
}

func TestCheckState(t *testing.T) {
	root := project(t, map[string]object{
		"dev-app":     three,
		"dev-network": {"aws": three["aws"]},
		"dev-other":   {"aws": object{"source": "registry.example.com/acme/aws", "version": "1.0.0"}},
	})
	state := func(resource string) string {
		return `{"version": 4, "outputs": {"a": {"value": "` + secret + `"}}, "resources": [
			{"mode": "managed", "type": "aws_vpc", "name": "vpc", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{"attributes": {"a": "` + secret + `"}}]},
			{"mode": "managed", "type": "terraform_data", "name": "step", "provider": "provider[\"terraform.io/builtin/terraform\"]", "instances": []},
			{"type": "t", "name": "n", "instances": [{"attributes": {"a": "` + secret + `"}}], ` + resource + `}]}`
	}
	provider := func(written string) string {
		text, err := json.Marshal(written)
		assert.NilError(t, err)
		return `"mode": "managed", "provider": ` + string(text)
	}
	const aws, tofu = "registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"
	for name, test := range map[string]struct {
		stack, state string
		resource     string // empty: it is not refused
		provider     string
	}{
		"no state":          {"dev-app", "", "", ""},
		"blank":             {"dev-app", " \n", "", ""},
		"destroyed":         {"dev-app", `{"version": 4, "resources": []}`, "", ""},
		"required":          {"dev-app", state(provider(`provider["` + aws + `"]`)), "", ""},
		"with an alias":     {"dev-app", state(provider(`provider["` + aws + `"].east`)), "", ""},
		"in a module":       {"dev-app", state(provider(`module.a.provider["` + aws + `"]`)), "", ""},
		"deep in modules":   {"dev-app", state(provider(`module.a.module.b-c.provider["` + aws + `"].east`)), "", ""},
		"its second":        {"dev-app", state(provider(`provider["registry.terraform.io/hashicorp/helm"]`)), "", ""},
		"its third":         {"dev-app", state(provider(`provider["registry.terraform.io/hashicorp/kubernetes"]`)), "", ""},
		"OpenTofu's":        {"dev-app", state(provider(`provider["` + tofu + `"]`)), "", ""},
		"of an instance":    {"dev-app", state(`"mode": "managed", "instances": [{"provider": "provider[\"` + tofu + `\"]"}]`), "", ""},
		"a host of its own": {"dev-other", strings.ReplaceAll(state(provider(`provider["registry.example.com/acme/aws"]`)), aws, "registry.example.com/acme/aws"), "", ""},

		"another namespace":        {"dev-app", state(provider(`provider["registry.terraform.io/evil/x"]`)), "t.n", "registry.terraform.io/evil/x"},
		"another in a module":      {"dev-app", state(provider(`module.a.provider["registry.terraform.io/evil/x"]`)), "t.n", "registry.terraform.io/evil/x"},
		"another with an alias":    {"dev-app", state(provider(`provider["registry.terraform.io/evil/x"].alias`)), "t.n", "registry.terraform.io/evil/x"},
		"both":                     {"dev-app", state(provider(`module.a.provider["registry.terraform.io/evil/x"].alias`)), "t.n", "registry.terraform.io/evil/x"},
		"same name elsewhere":      {"dev-app", state(provider(`provider["registry.terraform.io/evil/aws"]`)), "t.n", "registry.terraform.io/evil/aws"},
		"another host":             {"dev-app", state(provider(`provider["example.com/hashicorp/aws"]`)), "t.n", "example.com/hashicorp/aws"},
		"a host with a port":       {"dev-app", state(provider(`provider["registry.terraform.io:8443/hashicorp/aws"]`)), "t.n", "registry.terraform.io:8443/hashicorp/aws"},
		"a host that ends like it": {"dev-app", state(provider(`provider["evilregistry.terraform.io/hashicorp/aws"]`)), "t.n", "evilregistry.terraform.io/hashicorp/aws"},
		"a look-alike":             {"dev-app", state(provider(`provider["registry.terraform.io/hashicorp/awss"]`)), "t.n", "registry.terraform.io/hashicorp/awss"},
		"its beginning":            {"dev-app", state(provider(`provider["registry.terraform.io/hashicorp/aw"]`)), "t.n", "registry.terraform.io/hashicorp/aw"},
		"another of HashiCorp's":   {"dev-app", state(provider(`provider["registry.terraform.io/hashicorp/external"]`)), "t.n", "registry.terraform.io/hashicorp/external"},
		"another stack's":          {"dev-network", state(provider(`provider["registry.terraform.io/hashicorp/helm"]`)), "t.n", "registry.terraform.io/hashicorp/helm"},
		"the default host":         {"dev-other", state(provider(`provider["registry.example.com/acme/aws"]`)), "aws_vpc.vpc", aws},
		"another at OpenTofu's":    {"dev-app", state(provider(`provider["registry.opentofu.org/evil/aws"]`)), "t.n", "registry.opentofu.org/evil/aws"},
		"another built-in one":     {"dev-app", state(provider(`provider["terraform.io/builtin/evil"]`)), "t.n", "terraform.io/builtin/evil"},
		"of another instance":      {"dev-app", state(`"mode": "managed", "instances": [{"provider": "provider[\"` + tofu + `\"]"}, {"provider": "provider[\"registry.opentofu.org/evil/x\"]"}]`), "t.n", "registry.opentofu.org/evil/x"},
		"beside the resource's":    {"dev-app", state(`"mode": "managed", "provider": "provider[\"` + aws + `\"]", "instances": [{"provider": "provider[\"registry.opentofu.org/evil/x\"]"}]`), "t.n", "registry.opentofu.org/evil/x"},
		"without instances":        {"dev-app", state(`"mode": "managed", "provider": "provider[\"registry.terraform.io/evil/x\"]", "instances": []`), "t.n", "registry.terraform.io/evil/x"},
		"a data source":            {"dev-app", state(`"mode": "data", "provider": "provider[\"registry.terraform.io/evil/x\"]"`), "data.t.n", "registry.terraform.io/evil/x"},
		"a resource in a module":   {"dev-app", state(`"module": "module.a", "mode": "managed", "provider": "provider[\"registry.terraform.io/evil/x\"]"`), "module.a.t.n", "registry.terraform.io/evil/x"},
		"none":                     {"dev-app", state(`"mode": "managed"`), "t.n", ""},
		"the form before 0.13":     {"dev-app", state(provider(`provider.aws`)), "t.n", "provider.aws"},
		"of an index":              {"dev-app", state(provider(`provider["` + aws + `"].east["a"]`)), "t.n", `provider["` + aws + `"].east["a"]`},
		"something before":         {"dev-app", state(provider(`x.provider["` + aws + `"]`)), "t.n", `x.provider["` + aws + `"]`},
		"something behind":         {"dev-app", state(provider(`provider["` + aws + `"]x`)), "t.n", `provider["` + aws + `"]x`},
		"without a host":           {"dev-app", state(provider(`provider["hashicorp/aws"]`)), "t.n", "hashicorp/aws"},
		"two in one":               {"dev-app", state(provider(`provider["` + aws + `"].provider["registry.terraform.io/evil/x"]`)), "t.n", `provider["` + aws + `"].provider["registry.terraform.io/evil/x"]`},
		"a second line":            {"dev-app", state(provider("provider[\"" + aws + "\"]\nprovider[\"x/y/z\"]")), "t.n", "provider[\"" + aws + "\"]\nprovider[\"x/y/z\"]"},
		"meant for a terminal":     {"dev-app", state(provider("provider[\"evil/x/\x1b[2Jy\"]")), "t.n", "evil/x/\x1b[2Jy"},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckState(named(t, root, test.stack), "s3://b/k", []byte(test.state))
			if test.resource == "" {
				assert.NilError(t, err)
				return
			}
			assert.Equal(t, err, error(foreign(test.stack, "s3://b/k", test.resource, test.provider)))
			assert.Assert(t, !strings.ContainsAny(err.Error(), "\x1b\n") && !strings.Contains(err.Error(), secret), err)
		})
	}
	t.Run("not JSON", func(t *testing.T) {
		assert.Error(t, CheckState(named(t, root, "dev-app"), "s3://b/k", []byte(secret)), "s3://b/k: it is not Terraform's JSON")
	})
	t.Run("no such stack", func(t *testing.T) {
		assert.Assert(t, errors.Is(CheckState(synthesized.Stack{File: filepath.Join(root, "x")}, "s3://b/k", nil), os.ErrNotExist))
	})
}

func TestRefusal(t *testing.T) {
	assert.Equal(t, foreign("dev-data", "s3://b/dev/data.tfstate", "aws_vpc.vpc", "registry.terraform.io/evil/x").Error(),
		`dev-data: its state s3://b/dev/data.tfstate names a provider that the stack does not require: "aws_vpc.vpc" has "registry.terraform.io/evil/x". `+
			`Terraform would install it and run it with your credentials; it was not installed. `+
			`Restore an earlier version of the state, and find out who wrote this one: see docs/recovery.md, "Foreign provider in a state".`)
}
