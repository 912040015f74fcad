package cloud

import (
	"testing"

	"gotest.tools/v3/assert"

	"plinth/tools/charts/render"
)

// TestKubelets: pods keep the kubelet that they started with until their template changes, and EKS upgrades
// the cluster one minor version at a time, once no kubelet is old.
func TestKubelets(t *testing.T) {
	w := newWorld()
	cluster, release := &Thing{Attributes: Attributes{"name": "dev", "version": "1.34"}}, &Thing{Cluster: "dev"}
	w.Add("aws_eks_cluster", "dev", cluster)
	w.Add("helm_release", "dev:app/app", release)
	deployment := func(name, annotation string) render.Object {
		return render.Object{Kind: "Deployment", Namespace: "app", Name: name, Fields: decoded(t, `{"spec": {"template": {"metadata": {"annotations": {"kubernetes-version": "`+annotation+`"}}}}}`)}
	}
	job := render.Object{Kind: "Job", Name: "once", Fields: decoded(t, `{"spec": {"template": {"spec": {}}}}`)}
	install := func(web, worker string) bool {
		return w.roll(release, "dev", templates([]render.Object{deployment("web", web), deployment("worker", worker), job}))
	}
	upgrade := func(version string) error {
		return w.checkKubernetes(Attributes{"name": "dev", "version": version}, cluster.Attributes)
	}
	assert.Assert(t, install("1.34", "1.34"))
	assert.ErrorContains(t, upgrade("1.36"), "InvalidParameterException: Unsupported Kubernetes minor version update from 1.34 to 1.36")
	assert.ErrorContains(t, upgrade("1.33"), "Unsupported Kubernetes minor version update from 1.34 to 1.33")
	assert.NilError(t, upgrade("1.35"))

	cluster.Attributes["version"] = "1.35"
	assert.Assert(t, !install("1.34", "1.34"))
	assert.ErrorContains(t, upgrade("1.36"), "Kubelet version of Fargate pods must be updated to match cluster version 1.35")
	assert.Assert(t, install("1.35", "1.34"))
	assert.DeepEqual(t, w.oldKubelets("dev", "1.35"), []string{"helm_release dev:app/app: Deployment app/worker of Kubernetes 1.34"})
	assert.Assert(t, install("1.35", "1.35"))
	assert.NilError(t, upgrade("1.36"))
	assert.NilError(t, w.checkKubernetes(Attributes{"name": "dev", "version": "1.35"}, cluster.Attributes))

	// Of a published chart only the values are known.
	values := func(annotation string) map[string]string {
		return templateOf("1.0.0", decoded(t, `{"replicas": 2, "webhook": {"podAnnotations": {"kubernetes-version": "`+annotation+`"}}}`))
	}
	assert.Assert(t, w.roll(release, "dev", values("1.35")))
	assert.Assert(t, !w.roll(release, "dev", values("1.35")))
	assert.Assert(t, w.roll(release, "dev", values("1.36")))
}
