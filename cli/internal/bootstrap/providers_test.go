package bootstrap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestForeignProvider has a state name a provider that the stack does not require, wherever the state is:
// Terraform is never run where the stack is.
func TestForeignProvider(t *testing.T) {
	const like, module, data = `"mode":"managed","provider":"provider[\"registry.terraform.io/hashicorp/awss\"]"`,
		`"mode":"managed","provider":"module.a.provider[\"registry.terraform.io/evil/x\"].b"`, `"mode":"data","provider":"provider[\"evil.example.com/hashicorp/aws\"]"`
	for name, test := range map[string]struct{ file, resource, names, calls string }{
		"in the bucket":            {"", like, `"aws_iam_role.r" has "registry.terraform.io/hashicorp/awss"`, "init state-pull"},
		"a module's":               {"", module, `"aws_iam_role.r" has "registry.terraform.io/evil/x"`, "init state-pull"},
		"a data source's":          {"", data, `"data.aws_iam_role.r" has "evil.example.com/hashicorp/aws"`, "init state-pull"},
		"in the file":              {localName, like, `"aws_iam_role.r" has "registry.terraform.io/hashicorp/awss"`, ""},
		"in the copy of the file":  {copyName, module, `"aws_iam_role.r" has "registry.terraform.io/evil/x"`, ""},
		"in Terraform's own copy":  {backupName, data, `"data.aws_iam_role.r" has "evil.example.com/hashicorp/aws"`, ""},
		"in a file that is broken": {localName + "x", like, "", "init state-pull init plan show apply init state-pull state-push init state-pull init"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.set("calls")
			state := `{"version":4,"resources":[{"type":"aws_iam_role","name":"r","instances":[{"attributes":{"id":"secret"}}],` + test.resource + `}]}`
			place := "s3://b/dev/bootstrap.tfstate"
			if test.file == "" {
				f.set("made")
				put(t, filepath.Join(f.world, "remote"), state, 0o600)
			} else {
				place = filepath.Join(f.root, ".bootstrap/dev", test.file)
				put(t, place, state, 0o600)
			}
			err := f.run()
			if test.names == "" {
				assert.NilError(t, err)
			} else {
				assert.ErrorContains(t, err, "bootstrap-dev: its state "+place+" names a provider that the stack does not require: "+test.names+". ")
				assert.Assert(t, !strings.Contains(err.Error(), "secret"))
			}
			assert.Equal(t, f.calls(), test.calls)
		})
	}
}

// TestLocked holds that Terraform only reads the project's lock file, and that one which is of no use is
// told before anything is begun.
func TestLocked(t *testing.T) {
	f := newFake(t)
	t.Setenv("TF_CLI_ARGS_init", "-input=false")
	t.Setenv("TERRAFORM_LOCK_FILE", "")
	lock := filepath.Join(f.root, ".terraform.lock.hcl")
	const written = "provider \"registry.terraform.io/hashicorp/aws\" {\n  version     = \"5.99.1\"\n  constraints = \"5.99.1\"\n  hashes = [\n    \"h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\n  ]\n}\n"
	put(t, lock, strings.ReplaceAll(written, "5.99.1", "5.98.0"), 0o600)
	assert.Error(t, f.run(), lock+" has version 5.98.0 of registry.terraform.io/hashicorp/aws, but not 5.99.1, which bootstrap-dev requires. Record the checksums again: ./plinth lock")
	assert.Equal(t, f.calls(), "version")
	assert.NilError(t, os.Remove(filepath.Join(f.world, "arguments")))

	put(t, lock, written, 0o600)
	assert.NilError(t, f.run())
	given, err := os.ReadFile(filepath.Join(f.root, "cdktf.out/stacks/bootstrap-dev/.terraform.lock.hcl"))
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(string(given), `version     = "5.99.1"`), string(given))
	content, err := os.ReadFile(filepath.Join(f.world, "arguments"))
	assert.NilError(t, err)
	inits := 0
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "init ") {
			inits++
			assert.Equal(t, line, "init -input=false -lockfile=readonly\n")
		}
	}
	assert.Equal(t, inits, 5)
}
