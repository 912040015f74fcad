package integration

import (
	"slices"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/run"
)

// TestLocks: while one deployment holds a stack, others cannot deploy it but can deploy other stacks.
func TestLocks(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.do(r.terraform("apply", "network"))

	data, err := r.Start(r.delayed(r.terraform("apply", "data"), 2*time.Second))
	assert.NilError(t, err)
	cluster, err := r.Start(r.delayed(r.terraform("apply", "cluster"), time.Second))
	assert.NilError(t, err)
	r.eventually("two stacks are locked", func() bool {
		return slices.Equal(r.locks(), []string{"dev/cluster.tfstate.tflock", "dev/data.tfstate.tflock"})
	})
	message := r.refused(r.Terraform(r.stack("data"), "apply", "-auto-approve", "-input=false"))
	r.contains(message, "Error acquiring the state lock", "PreconditionFailed")

	for _, deployment := range []*run.Running{data, cluster} {
		log, err := deployment.Wait()
		assert.NilError(t, err, log.Text)
	}
	r.consistent()
	r.unlocked()
}

// TestNeighbour: a stack that fails does not interrupt the one deployed in parallel. cdktf would
// break that off.
func TestNeighbour(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.do(r.terraform("apply", "network"))
	// Somebody has made a role with the name of the cluster's role.
	account, _ := r.account()
	role := r.name("cluster")
	assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error {
		w.Add("aws_iam_role", role, &cloud.Thing{MadeBy: "somebody", Attributes: cloud.Attributes{
			"id": role, "name": role, "arn": "arn:aws:iam::" + account + ":role/" + role,
		}})
		return nil
	}))
	r.refused(r.delayed(r.CDKTF("deploy", r.stack("*")), 500*time.Millisecond))
	r.unlocked()
	r.consistent()
	state, err := r.State().State("dev/data.tfstate")
	assert.NilError(t, err)
	assert.Equal(t, len(state.Managed()), len(r.App.Stack(r.stack("data")).Resources))
}
