package integration

import (
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// TestKEDASwitchedOff: the application's ScaledObject is deleted before KEDA, which takes off its finalizer, in
// two deployments. Both in one are refused by the cluster.
func TestKEDASwitchedOff(t *testing.T) {
	nightly(t)
	t.Parallel()
	r := furnished(t, "dev", "PLINTH_DEV_CLUSTER_KEDA=true", "PLINTH_DEV_APPS_APP_WEB_REPLICAS_REQUESTS_PER_SECOND=50")
	for _, layer := range []string{"network", "data", "cluster", "addons", "app"} {
		r.do(r.terraform("apply", layer))
	}
	keda := func() bool { return slices.Contains(r.made(), "helm_release keda") }
	assert.Assert(t, keda())
	r.synth()
	r.contains(r.refused(r.terraform("apply", "addons")), "ScaledObject", "finalizer.keda.sh")
	assert.Assert(t, keda())

	r.synth("PLINTH_DEV_CLUSTER_KEDA=true")
	for _, layer := range []string{"addons", "app"} {
		r.do(r.terraform("apply", layer))
	}
	assert.Assert(t, keda())
	r.synth()
	for _, layer := range []string{"addons", "app"} {
		r.do(r.terraform("apply", layer))
		r.contains(r.do(r.terraform("plan", layer)), "No changes.")
	}
	assert.Assert(t, !keda())
}
