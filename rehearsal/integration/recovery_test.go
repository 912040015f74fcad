package integration

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/adopt"
	"plinth/rehearsal/internal/run"
)

// TestKilled kills a whole deployment with its child processes at random moments. The steps of
// docs/recovery.md are then enough: unlock, adopt resources missing from the state, deploy again.
// Nothing is created twice, nothing is lost.
func TestKilled(t *testing.T) {
	t.Parallel()
	const kills = 5
	for i, lane := range []string{"one account", "another"} {
		t.Run(lane, func(t *testing.T) {
			t.Parallel()
			r := furnished(t, "dev")
			all := 0 // resources of a whole deployment, without terraform_data, which is in no cloud
			for _, stack := range r.App.Stacks {
				for _, address := range stack.Resources {
					if !strings.HasPrefix(address, "terraform_data.") {
						all++
					}
				}
			}
			account, _ := r.account()
			for kill := range kills {
				r.anew(account)

				deployment := r.begin(100 * time.Millisecond)
				// Do not wait for a fixed time: it would mean something else on every machine.
				moment := rand.N(all)
				r.eventually("enough is made", func() bool { return len(r.made()) >= moment })
				time.Sleep(rand.N(300 * time.Millisecond))
				deployment.kill()
				made, locks := r.made(), r.locks()
				t.Logf("killed with %d things made, %d of them known, and locks %v", len(made), len(r.known()), locks)

				deploy := r.deploy
				if i == 0 && kill == 0 { // with cdktf, as docs/recovery.md says
					deploy = func() string { return r.do(r.CDKTF("deploy", r.stack("*"))) }
				}
				r.recover(locks, deploy)
				r.consistent()
				for _, thing := range made {
					assert.Check(t, slices.Contains(r.made(), thing), "%s was there before the kill and is lost", thing)
				}
				assert.Equal(t, len(r.made()), all)
			}
		})
	}
}

// deployment is a running deployment of all stacks.
type deployment struct {
	mutex   sync.Mutex
	running []*run.Running
	killed  bool
	ended   chan struct{}
}

// begin starts a deployment of all stacks with Terraform that takes a while for each change.
func (r rehearsal) begin(delay time.Duration) *deployment {
	r.t.Helper()
	for _, stack := range r.App.Names() {
		assert.NilError(r.t, r.initialize(stack))
	}
	d := &deployment{ended: make(chan struct{})}
	start := func(stack string) (*run.Running, error) {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		if d.killed {
			return nil, errors.New("the deployment is killed")
		}
		running, err := r.Start(r.delayed(r.on(stack, "apply"), delay))
		if err == nil {
			d.running = append(d.running, running)
		}
		return running, err
	}
	go func() {
		defer close(d.ended)
		run.InOrder(r.App.Names(), r.App.Needs, func(stack string) bool {
			running, err := start(stack)
			if err == nil {
				_, err = running.Wait()
			}
			return err == nil
		})
	}()
	return d
}

// kill kills all running commands and their child processes.
func (d *deployment) kill() {
	d.mutex.Lock()
	d.killed = true
	for _, running := range d.running {
		running.Kill()
	}
	d.mutex.Unlock()
	<-d.ended
}

// recover follows docs/recovery.md after a deployment was killed.
func (r rehearsal) recover(locks []string, deploy func() string) {
	r.t.Helper()
	for _, lock := range locks {
		stack := r.stackOf(lock)
		r.unlock(stack)
		r.adopt(stack)
	}
	deploy()
	for _, lock := range locks {
		assert.NilError(r.t, os.RemoveAll(filepath.Join(r.App.Stack(r.stackOf(lock)).Folder, adopt.FileName)))
	}
	r.unlocked()
}

// unlock removes a stale lock. Terraform's error message contains the ID of the lock.
func (r rehearsal) unlock(stack string) {
	r.t.Helper()
	message := r.refused(r.Terraform(stack, "plan", "-input=false"))
	id := regexp.MustCompile(`ID: +([0-9a-f-]{36})`).FindStringSubmatch(message)
	assert.Assert(r.t, id != nil, message)
	r.do(r.Terraform(stack, "force-unlock", "-force", id[1]))
}

// adopt writes import blocks for resources missing from a stack's state.
func (r rehearsal) adopt(stack string) {
	r.t.Helper()
	var all []adopt.Import
	for {
		r.do(r.Terraform(stack, "plan", "-input=false", "-out=killed.tfplan"))
		shown := r.do(r.Terraform(stack, "show", "-json", "killed.tfplan"))
		more, err := adopt.Find([]byte(shown), r.world())
		assert.NilError(r.t, err)
		if len(more) == 0 {
			return
		}
		all = append(all, more...)
		content, err := adopt.Write(all)
		assert.NilError(r.t, err)
		assert.NilError(r.t, os.WriteFile(filepath.Join(r.App.Stack(stack).Folder, adopt.FileName), content, 0o600))
	}
}

// stackOf is the stack that a lock belongs to.
func (r rehearsal) stackOf(lock string) string {
	r.t.Helper()
	for _, name := range r.App.Names() {
		if r.App.Stack(name).Key == strings.TrimSuffix(lock, ".tflock") {
			return name
		}
	}
	r.t.Fatalf("%s is no stack's lock", lock)
	return ""
}

// TestOutage stops S3 during a deployment. Terraform keeps the state in a file, to be pushed once
// S3 is back.
func TestOutage(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	deployment, err := r.Start(r.delayed(r.terraform("apply", "network"), time.Second))
	assert.NilError(t, err)
	r.eventually("something is made", func() bool { return len(r.made()) > 0 })
	assert.NilError(t, r.State().Stop())
	log, err := deployment.Wait()
	assert.Assert(t, err != nil, log.Text)
	assert.NilError(t, r.State().Restart())

	stack := r.stack("network")
	r.unlock(stack)
	r.do(r.Terraform(stack, "state", "push", "errored.tfstate"))
	r.consistent()
	r.do(r.terraform("apply", "network"))
	r.consistent()
	r.contains(r.do(r.on(stack, "plan")), "No changes.")
}

// TestRestore loses half of a state and restores the bucket's earlier version.
func TestRestore(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.do(r.terraform("apply", "network"))
	stack, key := r.stack("network"), "dev/network.tfstate"
	good, err := r.State().Read(key)
	assert.NilError(t, err)
	r.do(r.Terraform(stack, "state", "rm", "aws_vpc.network_vpc_4E8F0223"))
	r.contains(r.do(r.on(stack, "plan")), "to add")

	versions, err := r.State().Versions(key)
	assert.NilError(t, err)
	assert.NilError(t, r.State().Restore(key, versions[1].ID))
	restored, err := r.State().Read(key)
	assert.NilError(t, err)
	assert.Assert(t, bytes.Equal(restored, good))
	r.contains(r.do(r.on(stack, "plan")), "No changes.")
	r.consistent()
}
