package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/synthesized"
)

// administrator runs ./plinth bootstrap, in a clone with its own folder for the state.
type administrator struct {
	rehearsal
	folder string
}

func newAdministrator(t *testing.T, overrides ...string) administrator {
	t.Parallel()
	return administrator{start(t, "dev", overrides...), filepath.Join(t.TempDir(), "state")}
}

// bootstrap is the administrator's command.
func (a administrator) bootstrap() run.Command {
	a.t.Helper()
	folder, err := filepath.Abs(root)
	assert.NilError(a.t, err)
	return run.Command{Name: "bootstrap", Program: tools.Command, Folder: folder,
		Args: []string{"bootstrap", "dev", "--skip-synth", "--auto-approve", "--state", a.folder}}
}

// all is the number of resources in the stack.
func (a administrator) all() int { return len(a.App.Bootstrap.Resources) }

// listed are the resources in the state in the bucket, as "type id".
func (a administrator) listed() []string {
	a.t.Helper()
	return a.inStates(a.App.Bootstrap.Name)
}

// whole checks that each resource exists once, that the state is only in the bucket, that no lock
// is left and that another run changes nothing.
func (a administrator) whole() {
	a.t.Helper()
	assert.DeepEqual(a.t, a.made(), a.listed())
	assert.Equal(a.t, len(a.made()), a.all())
	a.unlocked()
	assert.DeepEqual(a.t, a.files(a.folder, "dev"), []string{"log"})
	assert.DeepEqual(a.t, a.files(a.App.Bootstrap.Folder), []string{".terraform.lock.hcl", "cdk.tf.json"})
	a.contains(a.do(a.bootstrap()), "No changes.")
	assert.Equal(a.t, len(a.made()), a.all())
}

// files returns the names of the files in a folder.
func (a administrator) files(folder ...string) []string {
	a.t.Helper()
	entries, err := os.ReadDir(filepath.Join(folder...))
	assert.NilError(a.t, err)
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// localState is the path of the local state file.
func (a administrator) localState() string {
	return filepath.Join(a.folder, "dev", "terraform.tfstate")
}

// running is a bootstrap that a test may kill.
type running struct {
	*run.Running
	a     administrator
	moves chan struct{} // closed when it begins to move its state
	ended chan end
}

type end struct {
	log run.Log
	err error
}

// begin starts a bootstrap that takes a while for each change.
func (a administrator) begin() running {
	a.t.Helper()
	d := running{a: a, moves: make(chan struct{}), ended: make(chan end, 1)}
	command := a.delayed(a.bootstrap(), 50*time.Millisecond)
	command.Watch = &watcher{[]byte("Moving the state"), d.moves}
	started, err := a.Start(command)
	assert.NilError(a.t, err)
	d.Running = started
	go func() {
		log, err := started.Wait()
		d.ended <- end{log, err}
	}()
	return d
}

// watcher closes seen when the output contains text.
type watcher struct {
	text []byte
	seen chan struct{}
}

func (w *watcher) Write(p []byte) (int, error) {
	if w.text != nil && bytes.Contains(p, w.text) {
		close(w.seen)
		w.text = nil
	}
	return len(p), nil
}

// made waits until n resources exist, or the bootstrap has ended.
func (d running) made(n int) {
	for len(d.a.made()) < n && len(d.ended) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

// moving waits until the bootstrap is about to move its state, or has ended.
func (d running) moving() {
	select {
	case <-d.moves:
	case e := <-d.ended:
		d.ended <- e
	}
}

// locking waits until the bootstrap holds the state lock in the bucket, or has ended.
func (d running) locking() {
	for len(d.a.locks()) == 0 && len(d.ended) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

// kill kills the bootstrap and its child processes. It returns false if the bootstrap had already
// succeeded.
func (d running) kill() bool {
	d.a.t.Helper()
	d.Kill()
	e := <-d.ended
	d.a.t.Logf("ended (%v) with %d things made and locks %v, after:\n%s", e.err, len(d.a.made()), d.a.locks(), e.log.Text)
	return e.err != nil
}

func TestBootstrap(t *testing.T) {
	a := newAdministrator(t)
	output := a.do(a.bootstrap())
	a.contains(output, fmt.Sprintf("%d to add", a.all()), "Moving the state", "./plinth deploy dev-network")
	a.whole()

	// From another clone there is nothing to change either, with ./plinth or with Terraform alone.
	a.folder = filepath.Join(t.TempDir(), "state")
	a.contains(a.do(a.bootstrap()), "No changes.")
	a.contains(a.do(a.Terraform(a.App.Bootstrap.Name, "plan", "-input=false")), "No changes.")

	// A change is deployed to the state in the bucket.
	a.synth("PLINTH_DEV_CI_BRANCHES=main,release")
	a.contains(a.do(a.bootstrap()), "State in s3://", "to change")
	a.whole()
}

// TestBootstrapKilled kills the bootstrap at random moments until one run succeeds. Nothing is
// created twice, nothing is lost.
func TestBootstrapKilled(t *testing.T) {
	t.Parallel()
	for lane, overrides := range map[string][]string{"one account": nil, "another, with its baseline": {"PLINTH_DEV_BASELINE=true"}} {
		t.Run(lane, func(t *testing.T) {
			a := newAdministrator(t, overrides...)
			for again := true; again; {
				d := a.begin()
				d.made(len(a.made()) + rand.N(a.all()/2))
				time.Sleep(rand.N(time.Second))
				again = d.kill()
			}
			a.whole()
		})
	}
}

// TestBootstrapKilledMoving kills the bootstrap while it moves its state from the file into the
// bucket, later each time. The next run removes the lock that the killed one left.
func TestBootstrapKilledMoving(t *testing.T) {
	const steps, step = 8, 250 * time.Millisecond
	a := newAdministrator(t)
	for i := range steps {
		d := a.begin()
		d.moving()
		time.Sleep(time.Duration(i)*step + rand.N(step))
		if !d.kill() {
			break
		}
	}
	a.do(a.bootstrap())
	a.whole()
}

// TestBootstrapLocks kills a later deployment while it holds the state lock in the bucket.
func TestBootstrapLocks(t *testing.T) {
	a := newAdministrator(t)
	a.do(a.bootstrap())
	a.synth("PLINTH_DEV_CI_BRANCHES=main,release")
	d := a.begin()
	d.locking()
	assert.Assert(t, d.kill())
	assert.Equal(t, len(a.locks()), 1)

	// Another clone does not know that the lock is its own, though user and machine are the same.
	other := a
	other.folder = filepath.Join(t.TempDir(), "state")
	key := a.locks()[0]
	lock, err := a.State().Read(key)
	assert.NilError(t, err)
	a.contains(a.refused(other.bootstrap()), "is locked by", "terraform force-unlock")
	a.contains(a.do(a.bootstrap()), "Removing the lock of a killed run")
	a.whole()

	// A lock created outside an unfinished run of this clone is somebody else's.
	assert.NilError(t, a.State().Write(key, lock))
	a.contains(a.refused(a.bootstrap()), "is locked by", "Nothing was changed.")
	_, err = a.State().Read(key)
	assert.NilError(t, err)
}

// TestBootstrapByHand finds the bucket and its key already made by hand. Their names are the
// environment's, so bootstrap adopts them.
func TestBootstrapByHand(t *testing.T) {
	a := newAdministrator(t)
	b := a.App.Bootstrap
	assert.NilError(t, a.Cloud().Update(func(w *cloud.World) error {
		err := w.GiveBucket(b.Bucket, b.KMSKey)
		w.Each(func(_, _ string, key *cloud.Thing) bool {
			// The provider's own defaults, which its simulator does not know.
			delete(key.Attributes, "key_usage")
			delete(key.Attributes, "customer_master_key_spec")
			return true
		}, "aws_kms_key")
		return err
	}))
	a.contains(a.do(a.bootstrap()), "Adopting the key", "2 to adopt", "Moving the state")
	assert.Equal(t, len(a.listed()), a.all())
	keys := 0
	a.world().Each(func(_, _ string, _ *cloud.Thing) bool { keys++; return true }, "aws_kms_key")
	assert.Equal(t, keys, 1)
	a.contains(a.do(a.bootstrap()), "No changes.")
}

// TestBootstrapForeign finds resources of another owner under the names it needs.
func TestBootstrapForeign(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		give func(w *cloud.World, app *synthesized.App) error
		want []string
	}{
		"bucket": {
			func(w *cloud.World, app *synthesized.App) error {
				bucket := app.Bootstrap.Bucket
				policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}`
				if err := w.GiveBucket(bucket, ""); err != nil {
					return err
				}
				return w.Create("aws_s3_bucket_policy", "", cloud.Attributes{"bucket": bucket, "policy": policy})
			},
			[]string{"Nothing was changed.", "access to the bucket", "set state.bucket to another name in environments/dev.yaml"},
		},
		"GuardDuty": {
			func(w *cloud.World, _ *synthesized.App) error {
				return w.Create("aws_guardduty_detector", "", cloud.Attributes{"enable": true})
			},
			[]string{"already has a GuardDuty detector in eu-west-2 without this stack's tags", "Remove baseline from environments/dev.yaml"},
		},
		"Access Analyzer": {
			func(w *cloud.World, _ *synthesized.App) error {
				return w.Create("aws_accessanalyzer_analyzer", "", cloud.Attributes{"analyzer_name": "landing-zone"})
			},
			[]string{"already has an IAM Access Analyzer in eu-west-2 that is not this stack's", "Remove baseline from environments/dev.yaml"},
		},
		"OIDC provider": {
			func(w *cloud.World, app *synthesized.App) error {
				issuer := app.Pipeline.Issuer
				return w.Create("aws_iam_openid_connect_provider", "", cloud.Attributes{"url": issuer, "client_id_list": []any{issuer}})
			},
			[]string{"without this environment's tag", "set ci.useExistingOIDCProvider: true in environments/dev.yaml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAdministrator(t, "PLINTH_DEV_BASELINE=true")
			assert.NilError(t, a.Cloud().Update(func(w *cloud.World) error { return test.give(w, a.App) }))
			a.contains(a.refused(a.bootstrap()), test.want...)
		})
	}
}

// TestBootstrapAdministrators: those of the settings alone deploy the stack and read its state. Without
// settings it is whoever was first.
func TestBootstrapAdministrators(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ administrators, first string }{
		"named":        {"[user/me, 'role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*']", "role/aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_Admin_0123"},
		"nobody named": {"[]", "role/first"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAdministrator(t, "PLINTH_DEV_STATE_ADMINISTRATORS="+test.administrators)
			as := func(name string) {
				t.Helper()
				assert.NilError(t, a.Cloud().Update(func(w *cloud.World) error {
					w.Administrator = "arn:aws:iam::" + w.Account + ":" + name
					return nil
				}))
			}
			if name == "named" {
				as("role/somebody")
				a.contains(a.refused(a.bootstrap()), "environments/dev.yaml: state.administrators: must have", ":role/somebody")
				assert.Equal(t, len(a.made()), 0)
			}
			as(test.first)
			a.do(a.bootstrap())
			a.whole()
			as("role/somebody")
			a.contains(a.refused(a.bootstrap()), "access to the bucket", "is denied")
			as(test.first)
			a.contains(a.do(a.bootstrap()), "No changes.")
		})
	}
}

// TestBootstrapTwoStates has one state in a file and another in the bucket: bootstrap touches neither.
func TestBootstrapTwoStates(t *testing.T) {
	a := newAdministrator(t)
	a.do(a.bootstrap())
	before, err := a.State().Read(a.App.Bootstrap.Key)
	assert.NilError(t, err)
	other, err := json.Marshal(map[string]any{"version": 4, "serial": 7, "lineage": "b", "resources": []any{map[string]any{
		"mode": "managed", "type": "aws_iam_role", "name": "other", "provider": `provider["registry.terraform.io/hashicorp/aws"]`,
		"instances": []any{map[string]any{"attributes": map[string]any{"id": "other"}}},
	}}})
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(a.localState(), other, 0o600))
	a.contains(a.refused(a.bootstrap()), "There are two states of bootstrap-dev", "lacks aws_iam_role.other", "Nothing was changed.", a.localState(), "s3://")
	after, err := a.State().Read(a.App.Bootstrap.Key)
	assert.NilError(t, err)
	assert.Assert(t, bytes.Equal(before, after))
	left, err := os.ReadFile(a.localState())
	assert.NilError(t, err)
	assert.Assert(t, bytes.Equal(left, other))

	// A local state whose resources are all in the bucket's has been moved.
	assert.NilError(t, os.WriteFile(a.localState(), before, 0o600))
	a.do(a.bootstrap())
	a.whole()
}

// TestBootstrapGone follows docs/recovery.md to end an environment. Only the bucket and its key
// remain.
func TestBootstrapGone(t *testing.T) {
	a := newAdministrator(t)
	a.do(a.bootstrap())
	stack, file := a.App.Bootstrap.Name, filepath.Join(t.TempDir(), "bootstrap-dev.tfstate")
	terraform := func(args ...string) string { t.Helper(); return a.do(a.Terraform(stack, args...)) }
	assert.NilError(t, os.WriteFile(file, []byte(terraform("state", "pull")), 0o600))
	override := fmt.Sprintf(`{"terraform":{"backend":{"local":{"path":%q}}}}`, file)
	assert.NilError(t, os.WriteFile(filepath.Join(a.App.Bootstrap.Folder, "gone_override.tf.json"), []byte(override), 0o600))
	terraform("init", "-reconfigure", "-input=false")
	keep := []string{"state", "rm"}
	for address := range strings.FieldsSeq(terraform("state", "list")) {
		if strings.HasPrefix(address, "aws_s3_") || strings.HasPrefix(address, "aws_kms_") {
			keep = append(keep, address)
		}
	}
	terraform(keep...)
	terraform("destroy", "-auto-approve", "-input=false")
	for _, thing := range a.made() {
		assert.Check(t, strings.HasPrefix(thing, "aws_s3_") || strings.HasPrefix(thing, "aws_kms_"), "%s is left", thing)
	}
	assert.Equal(t, len(a.made()), len(keep)-2)
}

// TestBootstrapInterrupted sends Ctrl-C: a terminal sends it to every process, CI to plinth
// alone. Terraform is interrupted once, and finishes what it has begun.
func TestBootstrapInterrupted(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string][]string{"all": nil, "alone": {"plinth"}} {
		t.Run(name, func(t *testing.T) {
			a := newAdministrator(t)
			command := a.delayed(a.bootstrap(), 300*time.Millisecond)
			command.Listen = listen
			d, err := a.Start(command)
			assert.NilError(t, err)
			a.eventually("something is made", func() bool { return len(a.made()) > 5 })
			d.Interrupt()
			log, err := d.Wait()
			assert.Assert(t, err != nil)
			a.contains(log.Text, "Interrupted. Nothing is lost. Continue with: ./plinth bootstrap dev")
			made := a.made()
			assert.Assert(t, len(made) < a.all())
			content, err := os.ReadFile(a.localState())
			assert.NilError(t, err)
			for _, thing := range made {
				_, id, _ := strings.Cut(thing, " ")
				assert.Check(t, strings.Contains(string(content), fmt.Sprintf("%q", id)), "%s is missing from the state", thing)
			}
			a.contains(a.do(a.bootstrap()), "0 to adopt, ")
			a.whole()
		})
	}
}

// TestBootstrapRefuses checks the prerequisites.
func TestBootstrapRefuses(t *testing.T) {
	a := newAdministrator(t)
	c := a.bootstrap()
	unknown := c
	unknown.Args = []string{"bootstrap", "dve", "--skip-synth", "--auto-approve", "--state", a.folder}
	a.contains(a.refused(unknown), "There is no environment dve. There are: dev")
	a.contains(a.refused(a.With(c, "TERRAFORM_BINARY_NAME=no-such-program")), "no-such-program is not on PATH")
	a.contains(a.refused(a.With(c, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")), "Nothing was changed.", "there are no AWS credentials")
	unapproved := c
	unapproved.Args = []string{"bootstrap", "dev", "--skip-synth", "--state", a.folder}
	a.contains(a.refused(unapproved), "There is no terminal to approve the plan.")
	assert.Equal(t, len(a.made()), 0)
}
