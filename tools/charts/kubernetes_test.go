package charts

import (
	"path/filepath"
	"testing"

	"plinth/tools/charts/releases"
)

// TestKubernetesVersion: each pod notes the version of the control plane, so that an upgrade replaces it.
func TestKubernetesVersion(t *testing.T) {
	for _, stack := range []string{"addons", "app", "observability"} {
		eachGolden(t, stack, checkKubernetesVersion)
	}
	installed, err := releases.Read(filepath.Join(goldenFolder, "..", "in-cluster", "dev-app.tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	checkKubernetesVersion(t, installed)
}

func checkKubernetesVersion(t *testing.T, installed []releases.Release) {
	t.Helper()
	for _, installed := range installed {
		r := mustRender(t, chartOf(t, installed), installed.Name, installed.Namespace, installed.Values)
		r.Tests = nil // helm test makes them anew
		for _, p := range pods(r) {
			if got := p.meta.Annotations["kubernetes-version"]; got != releases.KubernetesVersion {
				t.Errorf("%s: the pods note Kubernetes %q, want that of the control plane", p.object, got)
			}
		}
	}
}
