package cluster

import (
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// TestPostgres installs PostgreSQL as the stack of an ephemeral environment does. Its container
// does not run here; ../../app tests what runs in it.
func TestPostgres(t *testing.T) {
	t.Parallel()
	r := prepare(t, "../in-cluster/dev-addons", "postgres", "postgres-preview")
	_, err := kube.Helm(t.Context(), "", "lint", "--strict", r.chart, "--values", r.values)
	assert.NilError(t, err)
	r.install()
	objects := r.everyObject()
	for _, kind := range []string{"ConfigMap", "Deployment", "ExternalSecret", "SecretStore", "Service", "ServiceAccount"} {
		assert.Check(t, slices.Contains(objects, kind), "the chart makes no %s, but %s", kind, objects)
	}
	r.complete()
	r.helm("uninstall", "--wait", "--timeout", "1m")
	r.empty()
}
