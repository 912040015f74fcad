package wholeapp

import (
	"testing"

	"gotest.tools/v3/assert"
)

// TestNoBootstrapAgain: these changes leave the bootstrap stack as it is, so that the roles of before can
// deploy them.
func TestNoBootstrapAgain(t *testing.T) {
	t.Parallel()
	const only = "PLINTH_ENVIRONMENTS=dev"
	before := stackFiles(t, synthesize(t, samples, only))["bootstrap-dev"]
	assert.Assert(t, before != "")
	for name, overrides := range map[string][]string{
		"another zone":      {"PLINTH_DEV_NETWORK_ZONES=[a, b, c]"},
		"zones that change": {"PLINTH_DEV_NETWORK_ZONES=[a, b, c]", "PLINTH_DEV_NETWORK_PREVIOUS_ZONES=[a, b]"},
		"KEDA":              {"PLINTH_DEV_CLUSTER_KEDA=true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := stackFiles(t, synthesize(t, samples, append(overrides, only)...))["bootstrap-dev"]
			assert.Equal(t, before, after)
		})
	}
}
