package integration

import (
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// TestKEDASwitchedOff: the application's ScaledObject is deleted before KEDA, which takes off its finalizer.
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
	r.do(r.terraform("apply", "app"))
	assert.Assert(t, !keda())
	r.contains(r.do(r.terraform("plan", "app")), "No changes.")
}
