package charts

import (
	"path/filepath"
	"slices"
	"testing"

	"plinth/tools/charts/releases"
)

// TestKubernetesVersion: each pod notes the version of the control plane, so that an upgrade replaces it.
func TestKubernetesVersion(t *testing.T) {
	for _, stack := range []string{"addons", "app", "observability"} {
		eachGolden(t, stack, checkKubernetesVersion)
	}
	for _, stack := range []string{"dev-app", "dev-addons"} {
		installed, err := releases.Read(filepath.Join(goldenFolder, "..", "in-cluster", stack+".tf.json"))
		if err != nil {
			t.Fatal(err)
		}
		checkKubernetesVersion(t, installed)
	}
}

func checkKubernetesVersion(t *testing.T, installed []releases.Release) {
	t.Helper()
	for _, installed := range installed {
		r := mustRender(t, chartOf(t, installed), installed.Name, installed.Namespace, installed.Values)
		r.Tests = nil // helm test makes them anew
		rendered := pods(r)
		if len(rendered) == 0 && !slices.Contains([]string{"security-groups", "load-balancer-crds", "deploy-roles"}, installed.Name) {
			t.Errorf("release %s renders no pods", installed.Name)
		}
		for _, p := range rendered {
			if got := p.meta.Annotations["kubernetes-version"]; got != releases.KubernetesVersion {
				t.Errorf("%s: the pods note Kubernetes %q, want that of the control plane", p.object, got)
			}
		}
	}
}
