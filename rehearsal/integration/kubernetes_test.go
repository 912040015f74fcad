package integration

import (
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
)

// TestKubernetesUpgrade: the cluster moves by one minor version, the next deployment of each stack replaces
// its pods, and only then EKS moves the cluster again. Add-ons move with the cluster or their setting, not
// when AWS's defaults do.
func TestKubernetesUpgrade(t *testing.T) {
	nightly(t)
	settings := func(version string, more ...string) []string {
		return append([]string{
			"SOURCE_DATE_EPOCH=1796083200", // 2026-12-01
			"PLINTH_DEV_CLUSTER_VERSION=" + version, "PLINTH_DEV_CLUSTER_KEDA=true", "PLINTH_DEV_DATABASE_ENGINE=in-cluster",
			"PLINTH_DEV_OBSERVABILITY_PROMETHEUS_ENABLED=true", "PLINTH_DEV_OBSERVABILITY_LOKI_ENABLED=true",
		}, more...)
	}
	p := newProject(t, settings("1.34")...)
	p.do(p.plinth("bootstrap dev --auto-approve --state " + p.folder))
	r := p.rehearsal
	later := []string{"addons", "app", "observability"}
	for _, layer := range append([]string{"network", "data", "cluster"}, later...) {
		r.do(r.terraform("apply", layer))
	}
	assert.DeepEqual(t, r.kubelets(), []string{"1.34"})

	coreDNS := r.addon("coredns")
	assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error { w.NewerAddons++; return nil }))
	r.contains(r.do(r.terraform("plan", "cluster")), "No changes.")

	r.synth(settings("1.35")...)
	r.do(r.terraform("apply", "cluster"))
	r.contains(r.do(r.terraform("plan", "cluster")), "No changes.")
	assert.Assert(t, r.addon("coredns") != coreDNS && strings.HasPrefix(r.addon("kube-proxy"), "v1.35."), "%s, %s", r.addon("coredns"), r.addon("kube-proxy"))
	assert.DeepEqual(t, r.kubelets(), []string{"1.34", "1.35"})

	const chosen = "v1.13.2-eksbuild.9"
	next := settings("1.36", "PLINTH_DEV_CLUSTER_ADDON_VERSIONS_CORE_DNS="+chosen)
	r.synth(next...)
	r.contains(r.refused(r.terraform("apply", "cluster")), "Kubelet version of Fargate pods must be updated to match cluster version 1.35", "postgres")

	r.synth(settings("1.35")...)
	r.contains(r.do(p.plinth("diff "+r.stack("app"))), "What this costs:", "Replaces the pods of "+r.application()+", which get the kubelet")
	costs := r.do(p.plinth("diff " + r.stack("addons")))
	r.contains(costs, "What this costs:", "Replaces the pod of PostgreSQL in the cluster (postgres): it begins empty.")
	assert.Assert(t, !strings.Contains(costs, "Replaces the pods of postgres"), costs)
	for _, layer := range later {
		r.do(r.terraform("apply", layer))
		r.contains(r.do(r.terraform("plan", layer)), "No changes.")
	}
	assert.DeepEqual(t, r.kubelets(), []string{"1.35"})
	r.synth(next...)
	r.do(r.terraform("apply", "cluster"))
	assert.Equal(t, r.addon("coredns"), chosen)
}

// kubelets are the versions of all pods' kubelets.
func (r rehearsal) kubelets() (versions []string) {
	r.t.Helper()
	r.world().Each(func(_, _ string, t *cloud.Thing) bool {
		for _, pods := range t.Pods {
			versions = append(versions, pods.Kubelet)
		}
		return true
	})
	slices.Sort(versions)
	return slices.Compact(versions)
}

// addon is the version of an EKS add-on.
func (r rehearsal) addon(name string) string {
	r.t.Helper()
	version, _ := r.world().Get("aws_eks_addon", r.name()+":"+name).Attributes["addon_version"].(string)
	return version
}
