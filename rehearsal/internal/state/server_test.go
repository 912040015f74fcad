package state

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// start starts a server with a bucket.
func start(t *testing.T) *Server {
	t.Helper()
	s, err := Start(nil)
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, s.Stop()) })
	assert.NilError(t, s.CreateBucket("states"))
	return s
}

func TestLoopbackOnly(t *testing.T) {
	s := start(t)
	host, _, err := net.SplitHostPort(strings.TrimPrefix(s.Endpoint(), "http://"))
	assert.NilError(t, err)
	assert.Assert(t, net.ParseIP(host).IsLoopback(), "the server listens on %s", host)
}

func TestObjects(t *testing.T) {
	s := start(t)
	for _, content := range []string{"one", "two", "three"} {
		assert.NilError(t, s.Write("b", []byte(content)))
	}
	assert.NilError(t, s.Write("a", []byte("else")))
	keys, err := s.Keys()
	assert.NilError(t, err)
	assert.DeepEqual(t, keys, []string{"a", "b"})

	versions, err := s.Versions("b")
	assert.NilError(t, err)
	assert.Equal(t, len(versions), 3)
	for i, want := range []string{"three", "two", "one"} {
		content, err := s.ReadVersion("b", versions[i].ID)
		assert.NilError(t, err)
		assert.Equal(t, string(content), want)
	}
	assert.NilError(t, s.Restore("b", versions[2].ID))
	content, err := s.Read("b")
	assert.NilError(t, err)
	assert.Equal(t, string(content), "one")

	assert.NilError(t, s.Stop())
	assert.NilError(t, s.Stop())
	_, err = net.DialTimeout("tcp", strings.TrimPrefix(s.Endpoint(), "http://"), time.Second)
	assert.Assert(t, err != nil, "a stopped server can be reached")
	endpoint := s.Endpoint()
	assert.NilError(t, s.Restart())
	assert.Equal(t, s.Endpoint(), endpoint)
	content, err = s.Read("b")
	assert.NilError(t, err)
	assert.Equal(t, string(content), "one")
}

func TestState(t *testing.T) {
	s := start(t)
	state, err := s.State("none")
	assert.NilError(t, err)
	assert.Equal(t, len(state.Managed()), 0)
	assert.NilError(t, s.Write("some", []byte(`{"version":4,"serial":3,"outputs":{"o":{"value":"v","sensitive":true}},"resources":[
		{"mode":"data","type":"d","name":"n","instances":[{"attributes":{"id":"x"}}]},
		{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"id":"i"}}]},
		{"mode":"managed","module":"module.m","type":"t","name":"n","instances":[
			{"index_key":"k","attributes":{"id":"j"}},{"index_key":1,"attributes":{}}]}]}`)))
	state, err = s.State("some")
	assert.NilError(t, err)
	assert.DeepEqual(t, state.Managed(), []Resource{
		{"t", "t.n", "i"}, {"t", `module.m.t.n["k"]`, "j"}, {"t", "module.m.t.n[1]", ""},
	})
	assert.Assert(t, state.Outputs["o"].Sensitive)
	assert.NilError(t, s.Write("broken", []byte("{")))
	_, err = s.State("broken")
	assert.ErrorContains(t, err, "the state broken: ")
}

// project is a folder whose state the real Terraform stores on a server.
type project struct {
	t      *testing.T
	folder string
	env    []string
}

func terraform(t *testing.T, s *Server) project {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("there is no Terraform")
	}
	p := project{t, t.TempDir(), []string{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x"}}
	p.write("a", "")
	p.configure(fmt.Sprintf(`terraform {
  backend "s3" {
    bucket = "states"
    key    = "dev/x.tfstate"
    region = "eu-west-2"
    endpoints = { s3 = %q }
    use_path_style = true
    use_lockfile   = true
    max_retries    = 1
    skip_credentials_validation = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
  }
}
`, s.Endpoint()))
	p.succeeds("init", "-input=false")
	return p
}

// configure writes the backend's configuration.
func (p project) configure(backend string) {
	p.t.Helper()
	assert.NilError(p.t, os.WriteFile(filepath.Join(p.folder, "backend.tf"), []byte(backend), 0o600))
}

// write writes one resource with an input; provisioner is a command that runs on create.
func (p project) write(input, provisioner string) {
	p.t.Helper()
	if provisioner != "" {
		provisioner = fmt.Sprintf("provisioner \"local-exec\" {\n command = %q\n }", provisioner)
	}
	content := fmt.Sprintf("resource \"terraform_data\" \"one\" {\n input = %q\n triggers_replace = %q\n %s\n}\n", input, input, provisioner)
	assert.NilError(p.t, os.WriteFile(filepath.Join(p.folder, "main.tf"), []byte(content), 0o600))
}

func (p project) command(args ...string) *exec.Cmd {
	command := exec.Command("terraform", args...)
	command.Dir = p.folder
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") && !strings.HasPrefix(variable, "TF_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(append(command.Env, p.env...), "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color")
	return command
}

func (p project) succeeds(args ...string) {
	p.t.Helper()
	output, err := p.command(args...).CombinedOutput()
	assert.NilError(p.t, err, string(output))
}

func (p project) fails(args ...string) string {
	p.t.Helper()
	output, err := p.command(args...).CombinedOutput()
	assert.Assert(p.t, err != nil, string(output))
	return string(output)
}

func (p project) apply() { p.t.Helper(); p.succeeds("apply", "-auto-approve", "-input=false") }

// TestTerraformLocks: while one run holds the lock, another is refused and changes nothing.
func TestTerraformLocks(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := terraform(t, s)
	p.apply()
	before, err := s.Read("dev/x.tfstate")
	assert.NilError(t, err)

	gate := filepath.Join(t.TempDir(), "gate")
	p.write("b", "until [ -e "+gate+" ]; do sleep 0.02; done")
	holder := p.command("apply", "-auto-approve", "-input=false")
	assert.NilError(t, holder.Start())
	waitFor(t, s, "dev/x.tfstate.tflock")
	refused := p.fails("apply", "-auto-approve", "-input=false")
	assert.Assert(t, strings.Contains(refused, "Error acquiring the state lock") && strings.Contains(refused, "StatusCode: 412"), refused)
	now, err := s.Read("dev/x.tfstate")
	assert.NilError(t, err)
	assert.Equal(t, string(now), string(before))

	assert.NilError(t, os.WriteFile(gate, nil, 0o600))
	assert.NilError(t, holder.Wait())
	keys, err := s.Keys()
	assert.NilError(t, err)
	assert.DeepEqual(t, keys, []string{"dev/x.tfstate"})
	p.apply()
}

// TestTerraformServerGone stops and restarts the server, and restores an old state.
func TestTerraformServerGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := terraform(t, s)
	p.apply()
	old, err := s.State("dev/x.tfstate")
	assert.NilError(t, err)

	assert.NilError(t, s.Stop())
	p.fails("plan", "-input=false")
	assert.NilError(t, s.Restart())
	p.write("b", "")
	p.apply()
	state, err := s.State("dev/x.tfstate")
	assert.NilError(t, err)
	assert.Assert(t, state.Managed()[0].ID != old.Managed()[0].ID)

	versions, err := s.Versions("dev/x.tfstate")
	assert.NilError(t, err)
	assert.NilError(t, s.Restore("dev/x.tfstate", versions[len(versions)-1].ID))
	state, err = s.State("dev/x.tfstate")
	assert.NilError(t, err)
	assert.Equal(t, state.Managed()[0].ID, old.Managed()[0].ID)
	p.write("a", "")
	output, err := p.command("plan", "-input=false", "-detailed-exitcode").CombinedOutput()
	assert.NilError(t, err, string(output))
}

func waitFor(t *testing.T, s *Server, key string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := s.Read(key); err == nil {
			return
		}
	}
	t.Fatalf("%s does not come", key)
}
