package integration

import (
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// TestObservabilitySwitchedOff: the last of Prometheus, Loki and Grafana goes in one deployment of every stack,
// under the roles of the pipeline.
func TestObservabilitySwitchedOff(t *testing.T) {
	nightly(t)
	t.Parallel()
	r := start(t, "dev", "PLINTH_DEV_OBSERVABILITY_LOKI_ENABLED=true")
	assert.NilError(t, r.Bootstrap(t.Context()))
	w := walker{rehearsal: r}
	w.deploy()
	loki := func() bool {
		return slices.ContainsFunc(r.made(), func(thing string) bool { return thing == "helm_release loki" })
	}
	assert.Assert(t, loki())
	w.synth()
	w.deploy()
	assert.Assert(t, !loki())
	r.contains(r.do(w.As(w.Terraform(r.stack("observability"), "plan", "-input=false"), w.App.Pipeline.DeployRoles[r.stack("observability")], w.App.Pipeline.Release())), "No changes.")
}
