package rehearse

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
	"plinth/rehearsal/internal/synthesized"
)

const password = `a<b&c"d-0123456789`

// start makes a rehearsal of one stack, of which nothing has been deployed.
func start(t *testing.T) *play {
	t.Helper()
	root := t.TempDir()
	for _, file := range []string{"environments/dev.yaml", "standin"} {
		assert.NilError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755))
		assert.NilError(t, os.WriteFile(filepath.Join(root, file), nil, 0o600))
	}
	r, err := run.New(root, "dev", filepath.Join(root, "out"), run.Tools{Standin: filepath.Join(root, "standin")})
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, r.Close()) })
	assert.NilError(t, r.State().CreateBucket("states"))
	assert.NilError(t, r.Cloud().Create("111111111111", "eu-west-2"))
	assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error {
		w.Secrets = map[string]cloud.Secret{"arn": {Value: password}}
		return nil
	}))
	r.App = &synthesized.App{Folder: r.Path("cdktf.out"), Stacks: []*synthesized.Stack{{Name: "dev-data", Key: "dev/data.tfstate"}}}
	write(t, r.Path("cdktf.out", "stacks", "dev-data", "cdk.tf.json"), []byte("{}"))
	file, err := os.Create(filepath.Join(root, "screen"))
	assert.NilError(t, err)
	return &play{Rehearsal: r, screen: screen.New(file), secrets: map[string]bool{}, result: &report.Result{}}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	assert.NilError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	assert.NilError(t, os.WriteFile(path, content, 0o600))
}

// TestPassword: one is found wherever Terraform or cdktf could have left it.
func TestPassword(t *testing.T) {
	const escaped = `a\u003cb\u0026c\"d-0123456789`
	var plan bytes.Buffer
	archive := zip.NewWriter(&plan)
	in, err := archive.Create("tfplan")
	assert.NilError(t, err)
	_, err = in.Write([]byte("protobuf " + password))
	assert.NilError(t, err)
	assert.NilError(t, archive.Close())

	for name, test := range map[string]struct {
		leave func(*play)
		found string
	}{
		"nowhere":    {func(*play) {}, "looked for 1 in 1 files and states"},
		"in a log":   {func(p *play) { write(t, p.Path("logs", "01-deploy.log"), []byte("x "+password)) }, "01-deploy.log"},
		"in a plan":  {func(p *play) { write(t, p.Path("cdktf.out", "stacks", "dev-data", "plan"), plan.Bytes()) }, "plan (tfplan)"},
		"in errored": {func(p *play) { write(t, p.Path("cdktf.out", "stacks", "dev-data", "errored.tfstate"), []byte(escaped)) }, "errored.tfstate"},
		"in an old one": {func(p *play) {
			assert.NilError(t, p.State().Write("dev/data.tfstate", []byte(`{"x":"`+escaped+`"}`)))
			assert.NilError(t, p.State().Write("dev/data.tfstate", []byte(`{}`)))
		}, "a state of dev-data"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			test.leave(p)
			assert.NilError(t, p.collectSecrets())
			err := p.noPassword(t.Context())
			assert.Equal(t, err != nil, name != "nowhere")
			e := p.result.Expectations[0]
			assert.Equal(t, e.Met, err == nil)
			assert.Assert(t, strings.Contains(e.Found, test.found), e.Found)
		})
	}
}

// TestNothingLeft: what is left is told.
func TestNothingLeft(t *testing.T) {
	p := start(t)
	assert.NilError(t, p.nothingLeft(t.Context()))

	p = start(t)
	assert.NilError(t, p.State().Write("dev/data.tfstate.tflock", nil))
	assert.Equal(t, p.nothingLeft(t.Context()), errUnmet)
	assert.Equal(t, p.result.Failures()[0].Found, "dev/data.tfstate.tflock, a lock that was not let go of")

	assert.NilError(t, p.Cloud().Update(func(w *cloud.World) error {
		w.Add("aws_vpc", "vpc-1", &cloud.Thing{})
		return nil
	}))
	p.result.Expectations = nil
	assert.Equal(t, p.nothingLeft(t.Context()), errUnmet)
	assert.Equal(t, p.result.Failures()[0].Found, "aws_vpc vpc-1")
}

func TestChanges(t *testing.T) {
	got := changes([]cdktf.Stack{
		{Name: "same", State: cdktf.Done, Planned: true, Unchanged: true},
		{Name: "other", State: cdktf.Done, Planned: true, Add: 1, Destroy: 2},
		{Name: "outputs", State: cdktf.Done},
		{Name: "broken", State: cdktf.Failed},
	})
	assert.DeepEqual(t, got, []string{"other: 1 to add, 2 to destroy", "outputs: outputs change", "broken: cannot be compared"})
}

func TestTail(t *testing.T) {
	assert.Equal(t, tail("\na\nb\n\n"), "a\nb")
	assert.Equal(t, strings.Count(tail(strings.Repeat("x\n", 100)), "x"), lines)
}
