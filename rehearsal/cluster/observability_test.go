package cluster

import (
	"context"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// observers are the releases of an observability stack that has all of them, in order, and the
// kinds that each must contain.
var observers = []struct {
	name  string
	kinds []string
}{
	{"prometheus", []string{"ConfigMap", "Deployment", "Role", "RoleBinding", "ServiceAccount"}},
	{"kube-state-metrics", []string{"Deployment", "Role", "RoleBinding", "Service", "ServiceAccount"}},
	{"loki", []string{"ConfigMap", "Service", "ServiceAccount", "StatefulSet"}},
	{"pod-logs", []string{"ConfigMap", "Deployment", "Role", "RoleBinding", "ServiceAccount"}},
	{"grafana", []string{"ConfigMap", "Deployment", "ExternalSecret", "Ingress", "SecretStore", "Service", "ServiceAccount"}},
}

// TestObservability installs the releases of each environment's observability stack.
//
// Not in parallel: their roles are in shared namespaces, and in the cluster.
func TestObservability(t *testing.T) {
	// The namespaces in which some have a role: the application's and the add-ons'.
	namespaces := []string{"aws-load-balancer-controller", "metrics-server", "external-secrets", "keda"}
	for _, env := range environments(t) {
		if app := application(t, env); !slices.Contains(namespaces, app) {
			namespaces = append(namespaces, app)
		}
	}
	for _, name := range namespaces {
		_, err := kube.Kubectl(t.Context(), "", "create", "namespace", name)
		assert.NilError(t, err)
		t.Cleanup(func() {
			_, err := kube.Kubectl(context.Background(), "", "delete", "namespace", name, "--wait=false")
			assert.Check(t, err)
		})
	}
	for _, observer := range observers {
		installed := 0
		for _, env := range distinct(t, "observability", observer.name) {
			installed++
			t.Run(observer.name+" of "+env, func(t *testing.T) {
				r := prepare(t, env+"-observability", observer.name, observer.name+"-"+env)
				_, err := kube.Helm(t.Context(), "", "lint", "--strict", r.chart, "--values", r.values)
				assert.NilError(t, err)
				r.install()
				objects := r.everyObject()
				for _, kind := range observer.kinds {
					assert.Check(t, slices.Contains(objects, kind), "the chart makes no %s, but %s", kind, objects)
				}
				r.complete()
				r.helm("uninstall", "--wait", "--timeout", "1m")
				r.empty()
				left := r.kubectl("get", "clusterroles,clusterrolebindings,roles,rolebindings", "--all-namespaces", "--output", "name",
					"--selector", "app.kubernetes.io/managed-by=Helm")
				assert.Check(t, !strings.Contains(left, "/"+observer.name), left)
			})
		}
		assert.Check(t, installed > 0, "no stack installs %s", observer.name)
	}
}

// complete checks that all replicas are available. All pods must be in QoS class Guaranteed,
// which nothing evicts for its memory.
func (r release) complete() {
	r.t.Helper()
	want := 0
	for _, d := range get[appsv1.DeploymentList](r, "deployments").Items {
		want += int(*d.Spec.Replicas)
		assert.Equal(r.t, d.Status.AvailableReplicas, *d.Spec.Replicas, d.Name)
	}
	for _, s := range get[appsv1.StatefulSetList](r, "statefulsets").Items {
		want += int(*s.Spec.Replicas)
		assert.Equal(r.t, s.Status.AvailableReplicas, *s.Spec.Replicas, s.Name)
	}
	pods := r.pods()
	assert.Check(r.t, want > 0 && len(pods) == want, "%d pods, want %d", len(pods), want)
	for _, p := range pods {
		assert.Check(r.t, p.Status.QOSClass == corev1.PodQOSGuaranteed, p.Name)
	}
	for _, budget := range get[policyv1.PodDisruptionBudgetList](r, "poddisruptionbudgets").Items {
		assert.Check(r.t, budget.Spec.MaxUnavailable.IntValue() == 1, budget.Name)
	}
}
