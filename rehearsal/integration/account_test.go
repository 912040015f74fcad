package integration

import (
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
)

// TestWrongAccount uses credentials of another account than the environment's.
func TestWrongAccount(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	account, _ := r.account()
	other := "9" + account[1:]
	if other == account {
		other = "8" + account[1:]
	}
	r.anew(other)
	r.refused(r.alone("deploy", "network"))
	r.contains(r.refused(r.Terraform(r.stack("network"), "init", "-input=false")), "AWS account ID not allowed: "+other)
	assert.Equal(t, len(r.made()), 0)
	r.unlocked()
}

// TestDrift deletes and edits resources behind Terraform's back; a plan shows the drift.
func TestDrift(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.do(r.terraform("apply", "network"))
	r.edit("aws_subnet", func(a map[string]any) { a["map_public_ip_on_launch"] = true })
	r.remove("aws_flow_log")
	output := r.do(r.terraform("plan", "network"))
	r.contains(oneLine(output), "aws_flow_log.network_flow-log", "will be created", "map_public_ip_on_launch = true -> false", "Plan: 1 to add, 6 to change, 0 to destroy.")
	r.do(r.terraform("apply", "network"))
	r.contains(r.do(r.terraform("plan", "network")), "No changes.")
	r.consistent()
}

// edit changes all resources of a type in the simulated cloud.
func (r rehearsal) edit(kind string, change func(attributes map[string]any)) {
	r.t.Helper()
	assert.NilError(r.t, r.Cloud().Update(func(w *cloud.World) error {
		w.Each(func(_, _ string, thing *cloud.Thing) bool { change(thing.Attributes); return true }, kind)
		return nil
	}))
}

// remove deletes all resources of a type from the simulated cloud.
func (r rehearsal) remove(kind string) {
	r.t.Helper()
	assert.NilError(r.t, r.Cloud().Update(func(w *cloud.World) error {
		delete(w.Things, kind)
		return nil
	}))
}
