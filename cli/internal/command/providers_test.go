package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestForeignProvider has the state of a stack name a provider that the stack does not require: no
// command lets cdktf, which would install it, near that stack.
func TestForeignProvider(t *testing.T) {
	const (
		of      = ` names a provider that the stack does not require: "aws_vpc.a" has "registry.terraform.io/evil/x". `
		refused = "dev-data: its state s3://b/dev-data" + of
	)
	for line, test := range map[string]struct {
		code  int
		says  string
		calls string // the stacks that cdktf is run on
	}{
		"deploy dev-data --auto-approve":             {failed, refused, ""},
		"deploy dev-network dev-data --auto-approve": {failed, refused, ""},
		"deploy dev-* --auto-approve":                {failed, refused, ""},
		"destroy dev-* --auto-approve":               {failed, refused, ""},
		"diff dev-data":                              {failed, refused, ""},
		"plan dev-data":                              {failed, refused, ""},
		"drift dev dev-data":                         {failed, "| dev-data | cannot be compared | dev-data: its state s3://b/dev-data" + of, ""},
		"drift dev":                                  {failed, "| dev-data | cannot be compared | dev-data: its state s3://b/dev-data" + of, "dev-app dev-network"},
		"deploy dev-network --auto-approve":          {done, "", "dev-network"},
		"deploy dev-app --auto-approve":              {done, "", "dev-app"},
		"destroy dev-app --auto-approve":             {done, "", "dev-app"},
	} {
		t.Run(strings.ReplaceAll(line, " ", "_"), func(t *testing.T) {
			f := newFake(t)
			f.deployed("dev-network", "dev-app")
			f.write("states/dev-data", `{"version": 4, "resources": [{"mode": "managed", "type": "aws_vpc", "name": "a", "provider": "module.m.provider[\"registry.terraform.io/evil/x\"].y", "instances": [{"attributes": {"password": "secret"}}]}]}`)
			f.write("node_modules/.bin/cdktf", "#!/bin/sh\nfor last; do :; done; echo \"$last\" >> "+f.Path("calls")+"; touch \"cdktf.out/stacks/$last/plan\"\n")
			f.write("terraform", `#!/bin/sh
case "$1" in
state) cat `+f.Path("states")+`/$(basename "$PWD") 2>/dev/null || true ;;
show) echo '{"format_version": "1.2"}' ;;
esac
`)
			code, said := f.run(append(strings.Fields(line), "--skip-synth")...)
			assert.Equal(t, code, test.code, said)
			assert.Assert(t, strings.Contains(said, test.says), said)
			assert.Assert(t, !strings.Contains(said, "secret"), said)
			assert.Equal(t, strings.Join(strings.Fields(f.calls()), " "), test.calls)
		})
	}
}

const checksum = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// lockFile is one for the stacks of the fake.
const lockFile = "provider \"registry.terraform.io/hashicorp/aws\" {\n  version     = \"5.99.1\"\n  constraints = \"5.99.1\"\n  hashes = [\n    \"" + checksum + "\",\n  ]\n}\n"

// lockable is a project whose cdktf writes down what it may do to a lock file.
func lockable(t *testing.T) *fake {
	t.Helper()
	f := newFake(t)
	t.Setenv("TERRAFORM_LOCK_FILE", "")
	t.Setenv("TF_CLI_ARGS_init", "-reconfigure")
	f.Environ = os.Environ()
	f.write("terraform", `#!/bin/sh
case "$1" in
version) echo "Terraform v1.11.4" ;;
state) cat `+f.Path("states")+`/$(basename "$PWD") 2>/dev/null || true ;;
show) echo '{"format_version": "1.2"}' ;;
providers) echo "$*" >> `+f.Path("calls")+`; cat main.tf.json >> `+f.Path("calls")+`; cat `+f.Path("recorded")+` > .terraform.lock.hcl ;;
esac
`)
	f.write("node_modules/.bin/cdktf", `#!/bin/sh
for last; do :; done
echo "$1 $last$(sed -n 's/.* "h1/ with h1/p' cdktf.out/stacks/$last/.terraform.lock.hcl 2>/dev/null) init=$TF_CLI_ARGS_init skip=${CDKTF_SKIP_PROVIDER_LOCK-}" >> `+f.Path("calls")+`
touch "cdktf.out/stacks/$last/plan"
`)
	return f
}

// TestLockFile holds that every command that runs cdktf has it read the project's lock file only.
func TestLockFile(t *testing.T) {
	for line, want := range map[string]string{
		"deploy dev-network --auto-approve":  "deploy dev-network",
		"destroy dev-network --auto-approve": "destroy dev-network",
		"diff dev-network":                   "diff dev-network",
		"plan dev-network":                   "diff dev-network",
		"drift dev dev-network":              "diff dev-network",
	} {
		t.Run(strings.ReplaceAll(line, " ", "_"), func(t *testing.T) {
			f := lockable(t)
			args := append(strings.Fields(line), "--skip-synth")
			code, said := f.run(args...)
			assert.Equal(t, code, done, said)
			assert.Equal(t, f.calls(), want+" init=-reconfigure skip=\n", "without a lock file")

			f.write(".terraform.lock.hcl", lockFile)
			code, said = f.run(args...)
			assert.Equal(t, code, done, said)
			assert.Equal(t, f.calls(), want+" with "+checksum+"\", init=-reconfigure -lockfile=readonly skip=true\n")

			f.write(".terraform.lock.hcl", strings.ReplaceAll(lockFile, "5.99.1", "5.98.0"))
			code, said = f.run(args...)
			assert.Equal(t, code, failed)
			assert.Assert(t, strings.Contains(said, f.Path(".terraform.lock.hcl")+" has version 5.98.0 of registry.terraform.io/hashicorp/aws, but not 5.99.1, which dev-network requires. Record the checksums again: ./plinth lock"), said)
			assert.Equal(t, f.calls(), "")
		})
	}
}

// TestLock records for the platforms that are asked for, from where it is told.
func TestLock(t *testing.T) {
	const required = `{"terraform":{"required_providers":{"p0":{"source":"hashicorp/aws","version":"5.99.1"}}}}`
	for line, want := range map[string]string{
		"lock": "providers lock -platform=linux_amd64 -platform=linux_arm64 -platform=darwin_amd64 -platform=darwin_arm64" + required,
		"lock --platform linux_amd64,windows_amd64":                          "providers lock -platform=linux_amd64 -platform=windows_amd64" + required,
		"lock --platform linux_amd64 --net-mirror https://mirror.example/p/": "providers lock -platform=linux_amd64 -net-mirror=https://mirror.example/p/" + required,
		"lock --platform linux_amd64 --fs-mirror mirror":                     "providers lock -platform=linux_amd64 -fs-mirror=%s/mirror" + required,
		"lock --platform linux_amd64 --fs-mirror /mirror":                    "providers lock -platform=linux_amd64 -fs-mirror=/mirror" + required,
	} {
		t.Run(strings.ReplaceAll(line, "/", "_"), func(t *testing.T) {
			f := lockable(t)
			f.write("recorded", lockFile)
			code, said := f.run(append(strings.Fields(line), "--skip-synth")...)
			assert.Equal(t, code, done, said)
			assert.Equal(t, said, "The checksums are in .terraform.lock.hcl. Commit it.\n")
			assert.Equal(t, strings.ReplaceAll(f.calls(), "\n", ""), strings.Replace(want, "%s", f.Root, 1))
			content, err := os.ReadFile(f.Path(".terraform.lock.hcl"))
			assert.NilError(t, err)
			assert.Assert(t, strings.HasSuffix(string(content), lockFile), string(content))
		})
	}
	f := lockable(t)
	code, said := f.run("lock", "--skip-synth", "--net-mirror", "x", "--fs-mirror", "y")
	assert.Equal(t, code, failed)
	assert.Assert(t, strings.Contains(said, "[net-mirror fs-mirror]"), said)
	// What Terraform ends with is passed on, and nothing is written.
	f.write("terraform", "#!/bin/sh\ntest \"$1\" = version && exit 0\nexit 1\n")
	code, _ = f.run("lock", "--skip-synth")
	assert.Equal(t, code, failed)
	left, err := filepath.Glob(f.Path(".terraform*"))
	assert.NilError(t, err)
	assert.Equal(t, len(left), 0)
}
