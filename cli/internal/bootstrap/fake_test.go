package bootstrap

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asProgram makes the test binary run the program, for tests that need a process.
const asProgram = "BOOTSTRAP_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if err := Run(".", Options{Environment: "dev", AutoApprove: true, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// golden returns dev's bootstrap stack from its golden file.
func golden(t *testing.T) *environment {
	t.Helper()
	content, err := os.ReadFile("../../../wholeapp/testdata/golden/bootstrap-dev.tf.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := project(t, string(content))
	e, err := readEnvironment(dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// small is a stack with one resource.
const small = `{
  "terraform": {"backend": {"s3": {"bucket": "b", "key": "dev/bootstrap.tfstate"}},
    "required_providers": {"aws": {"source": "aws", "version": "5.99.1"}}},
  "provider": {"aws": [{"region": "eu-west-2", "allowed_account_ids": ["111111111111"],
    "default_tags": [{"tags": {"project": "plinth", "environment": "dev", "stack": "bootstrap"}}]}]},
  "resource": {"aws_iam_role": {"r": {"name": "plinth-dev-r"}}}
}`

// project returns a folder with what cdktf would write.
func project(t *testing.T, stack string) string {
	t.Helper()
	t.Setenv("CDKTF_OUTPUT", "")
	dir := t.TempDir()
	for file, content := range map[string]string{
		"cdktf.json":              "{}",
		"cdktf.out/manifest.json": `{"stacks":{"bootstrap-dev":{"name":"bootstrap-dev","synthesizedStackPath":"stacks/bootstrap-dev/cdk.tf.json"}}}`,
		"cdktf.out/stacks/bootstrap-dev/cdk.tf.json": stack,
	} {
		put(t, filepath.Join(dir, file), content, 0o600)
	}
	return dir
}

func put(t *testing.T, file, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// terraformScript is a fake Terraform with one resource. The files of its folder: made exists once the
// resource does, remote is the state in the bucket, slow makes apply wait for the file go, and with
// taken the role already exists. calls lists the calls.
const terraformScript = `#!/bin/sh
echo "$*" >> "$FAKE/calls"
echo "$1 ${TF_CLI_ARGS_init-}" >> "$FAKE/arguments"
state='{"version":4,"resources":[{"mode":"managed","type":"aws_iam_role","name":"r","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"plinth-dev-r"}}]}]}'
place() { sed -n 's/.*"path":"\([^"]*\)".*/\1/p' bootstrap_override.tf.json 2>/dev/null; }
case "$1 $2" in
"version ") echo "Terraform v1.11.4" ;;
"init -input=false")
  [ -e "$FAKE/made" ] || { printf 'Error: Failed to get existing workspaces: S3 bucket "b" does not\nexist.\n' >&2; exit 1; } ;;
"init "*) ;;
"state pull")
  [ -e "$FAKE/made" ] || { echo 'Error: Backend initialization required' >&2; exit 1; }
  [ ! -e "$FAKE/remote" ] || cat "$FAKE/remote" ;;
"state push") for last; do :; done; cp "$last" "$FAKE/remote" ;;
"plan "*) for o; do case $o in -out=*) : > "${o#-out=}" ;; esac; done ;;
"show "*)
  if [ -e "$FAKE/known" ]; then echo '{"resource_changes":[]}'
  elif [ -e bootstrap_imports.tf.json ]; then echo '{"resource_changes":[{"address":"aws_iam_role.r","mode":"managed","type":"aws_iam_role","change":{"actions":["no-op"],"importing":{"id":"x"}}}]}'
  else echo '{"resource_changes":[{"address":"aws_iam_role.r","mode":"managed","type":"aws_iam_role","change":{"actions":["create"]}}]}'; fi ;;
"apply "*)
  if [ -e "$FAKE/taken" ] && [ ! -e bootstrap_imports.tf.json ]; then
    echo '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"creating IAM Role: EntityAlreadyExists: it exists","address":"aws_iam_role.r"}}'; exit 1
  fi
  if [ -e "$FAKE/slow" ]; then
    touch "$FAKE/applying"
    i=0; while [ ! -e "$FAKE/go" ] && [ $i -lt 500 ]; do sleep 0.02; i=$((i+1)); echo '{"type":"log"}'; done
  fi
  touch "$FAKE/made" "$FAKE/known"
  to=$(place); printf '%s\n' "$state" > "${to:-$FAKE/remote}" ;;
esac
`

// fake is a project with a fake Terraform.
type fake struct {
	t           *testing.T
	root, world string
}

func newFake(t *testing.T) fake {
	t.Helper()
	f := fake{t, project(t, small), t.TempDir()}
	program := filepath.Join(f.world, "terraform")
	put(t, program, terraformScript, 0o755)
	t.Setenv("TERRAFORM_BINARY_NAME", program)
	t.Setenv("FAKE", f.world)
	return f
}

func (f fake) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.world, name))
	return err == nil
}

func (f fake) set(name string) { f.t.Helper(); put(f.t, filepath.Join(f.world, name), "", 0o600) }

// calls returns Terraform's commands since the last time, a word or two each.
func (f fake) calls() string {
	f.t.Helper()
	file := filepath.Join(f.world, "calls")
	content, err := os.ReadFile(file)
	if err != nil {
		f.t.Fatal(err)
	}
	put(f.t, file, "", 0o600)
	var all []string
	for line := range strings.Lines(string(content)) {
		words := strings.Fields(line)
		if words[0] == "state" {
			words[0] += "-" + words[1]
		}
		all = append(all, words[0])
	}
	return strings.Join(all, " ")
}

// run runs the program with --auto-approve.
func (f fake) run() error {
	return start(f.root, Options{Environment: "dev", AutoApprove: true, Stdout: f.t.Output(), Stderr: f.t.Output()}, nil)
}

// imports returns the import blocks that the program has left behind.
func (f fake) imports() []toImport {
	var file struct {
		Import []toImport `json:"import"`
	}
	content, _ := os.ReadFile(filepath.Join(f.root, "cdktf.out/stacks/bootstrap-dev", importsName))
	_ = json.Unmarshal(content, &file)
	return file.Import
}
