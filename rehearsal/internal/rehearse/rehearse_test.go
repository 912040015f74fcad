package rehearse

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cdktf"
	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
	"plinth/rehearsal/internal/synthesized"
)

const password = `a<b&c"d-0123456789`

// start makes a rehearsal of one stack that is not deployed.
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

// TestPassword finds a password wherever Terraform or cdktf could have left it.
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

// TestNothingLeft reports leftovers.
func TestNothingLeft(t *testing.T) {
	p := start(t)
	assert.NilError(t, p.nothingLeft(t.Context()))

	p = start(t)
	assert.NilError(t, p.State().Write("dev/data.tfstate.tflock", nil))
	assert.Equal(t, p.nothingLeft(t.Context()), errUnmet)
	assert.Equal(t, p.result.Failures()[0].Found, "dev/data.tfstate.tflock, a lock that was not released")

	assert.NilError(t, p.Cloud().Update(func(w *cloud.World) error {
		w.Add("aws_vpc", "vpc-1", &cloud.Thing{})
		return nil
	}))
	p.result.Expectations = nil
	assert.Equal(t, p.nothingLeft(t.Context()), errUnmet)
	assert.Equal(t, p.result.Failures()[0].Found, "aws_vpc vpc-1")
}

// TestBootstrapStays: bootstrap's resources and state do not count as leftovers.
func TestBootstrapStays(t *testing.T) {
	p := start(t)
	p.App.Bootstrap = &synthesized.Stack{Name: "bootstrap-dev", Key: "dev/bootstrap.tfstate"}
	assert.NilError(t, p.Cloud().Update(func(w *cloud.World) error {
		w.Add("aws_iam_role", "deploy", &cloud.Thing{})
		return nil
	}))
	assert.NilError(t, p.State().Write("dev/bootstrap.tfstate", []byte(`{"resources":[{"mode":"managed","type":"t","name":"n","instances":[{"attributes":{"id":"i"}}]}]}`)))
	p.result.Bootstrap = []report.Thing{{Type: "aws_iam_role", Key: "deploy"}}
	assert.NilError(t, p.nothingLeft(t.Context()))
	assert.Equal(t, p.result.Expectations[0].Found, "none; the resources of bootstrap-dev stay")
}

// TestEach: two at a time, each after those that it needs, and none after a failed one.
func TestEach(t *testing.T) {
	for name, test := range map[string]struct {
		failing string
		done    []string
	}{
		"all":      {"", []string{"a", "b", "c", "d", "e"}},
		"one does": {"b", []string{"a", "c", "e"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			after := map[string][]string{"b": {"a"}, "c": {"a"}, "d": {"b", "c"}, "e": {"c"}}
			names := []string{"a", "b", "c", "d", "e"}
			p.App.Stacks = nil
			for _, name := range names {
				p.App.Stacks = append(p.App.Stacks, &synthesized.Stack{Name: name, Needs: after[name]})
			}
			var mutex sync.Mutex
			var done []string
			going, most := 0, 0
			o, err := p.each(t.Context(), &report.Phase{}, "deploy", names, p.App.Needs, func(_ context.Context, name string, parser *cdktf.Parser) (outcome, error) {
				mutex.Lock()
				going++
				most = max(most, going)
				for _, other := range after[name] {
					assert.Check(t, slices.Contains(done, other), "%s is begun before %s is done", name, other)
				}
				mutex.Unlock()
				time.Sleep(5 * time.Millisecond)
				mutex.Lock()
				defer mutex.Unlock()
				going--
				if name == test.failing {
					return outcome{stacks: parser.Stacks(), failed: errors.New("broken"), log: name}, nil
				}
				done = append(done, name)
				return outcome{stacks: parser.Stacks()}, nil
			})
			assert.NilError(t, err)
			slices.Sort(done)
			assert.DeepEqual(t, done, test.done)
			assert.Equal(t, most, run.AtOnce)
			assert.Equal(t, len(o.stacks), len(names))
			assert.Equal(t, o.failed != nil, test.failing != "")
			if test.failing != "" {
				assert.Equal(t, o.log, test.failing)
			}
			assert.DeepEqual(t, p.App.NeededBy("c"), []string{"d", "e"})
		})
	}
}

// TestOwnRoles reports a role that has worked on another stack.
func TestOwnRoles(t *testing.T) {
	for name, test := range map[string]struct {
		role, stack string
		met         bool
	}{
		"its own":       {"deploy-data", "data", true},
		"the plan":      {"plan-data", "data", false}, // and nobody has deployed it
		"another's":     {"deploy-net", "data", false},
		"nobody at all": {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			p.Env = "dev"
			p.App.Pipeline = &synthesized.Pipeline{
				DeployRoles: map[string]string{"dev-data": "deploy-data", "dev-net": "deploy-net"}, PlanRoles: map[string]string{"dev-data": "plan-data"},
			}
			if test.role != "" {
				allow := &iam.Document{Statements: []iam.Statement{{Allow: true, Actions: []string{"*"}, Resources: []string{"*"}}}}
				caller := cloud.Caller{Session: &iam.Session{RoleARN: test.role, Identity: []*iam.Document{allow}}, Stack: test.stack}
				assert.NilError(t, p.Cloud().Authorize(caller, "aws_vpc", "", cloud.OperationCreate, []iam.Request{{Action: "ec2:CreateVpc", Resource: "*"}}))
			}
			assert.Equal(t, p.ownRoles() == nil, test.met, "%v", p.result.Expectations)
		})
	}
}

// TestUnchecked: unknown types are reported, not refused.
func TestUnchecked(t *testing.T) {
	bySchema, unasked := unchecked([]string{
		"aws_iam_policy", "aws_not_a_type", "aws_vpc", "data.aws_iam_policy_document", "data.terraform_remote_state",
		"helm_release", "kubernetes_namespace_v1", "kubernetes_not_a_type", "terraform_data",
	})
	assert.DeepEqual(t, bySchema, []string{"aws_not_a_type", "kubernetes_not_a_type"})
	assert.DeepEqual(t, unasked, []string{"aws_iam_policy"})
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

// TestStaying: a stack of the other version that this one does not have.
func TestStaying(t *testing.T) {
	assert.DeepEqual(t, staying([]string{"dev-network", "dev-old", "dev-app"}, []string{"dev-network", "dev-app", "dev-new"}), []*report.Upgraded{{Stack: "dev-old", Stays: true}})
	assert.Equal(t, len(staying([]string{"dev-app"}, []string{"dev-app"})), 0)
}
