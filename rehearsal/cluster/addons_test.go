package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	corev1 "k8s.io/api/core/v1"
)

// TestMetricsServer installs its real chart as each environment's stack does. It must not listen
// on the port of Fargate's kubelet.
//
// Not in parallel: while the API service that it registers does not answer, Kubernetes delays the
// deletion of namespaces.
func TestMetricsServer(t *testing.T) {
	const port = 10251
	for _, env := range distinct(t, "addons", "metrics-server") {
		// One after another: the API service that it registers is cluster-wide.
		t.Run(env, func(t *testing.T) {
			r := prepare(t, env+"-addons", "metrics-server", "metrics-server-"+env)
			r.install()
			container := r.deployment().Spec.Template.Spec.Containers[0]
			assert.Check(t, slices.Contains(container.Args, fmt.Sprintf("--secure-port=%d", port)), container.Args)
			r.listens(port)
			r.helm("uninstall", "--wait", "--timeout", "1m")
			r.empty()
		})
	}
}

// TestExternalSecrets does the same for External Secrets, whose webhook must avoid that port too.
func TestExternalSecrets(t *testing.T) {
	for _, env := range distinct(t, "addons", "external-secrets") {
		t.Run(env, func(t *testing.T) {
			r := prepare(t, env+"-addons", "external-secrets", "external-secrets-"+env)
			// The custom resource definitions are there for all tests.
			r.helm("install", r.chart, "--values", r.values, "--set", "installCRDs=false", "--wait", "--timeout", "2m")
			service := get[corev1.Service](r, "service", "external-secrets-webhook")
			assert.Check(t, service.Spec.Ports[0].TargetPort.IntValue() != 10250)
			r.helm("uninstall", "--wait", "--timeout", "1m")
			r.empty()
		})
	}
}

// TestLoadBalancerController does the same for the AWS Load Balancer Controller and its definitions. Nobody
// answers its webhooks here: they must not apply to the controller's own objects.
func TestLoadBalancerController(t *testing.T) {
	for _, env := range distinct(t, "addons", "aws-load-balancer-controller") {
		t.Run(env, func(t *testing.T) {
			crds := prepare(t, env+"-addons", "load-balancer-crds", "load-balancer-crds-"+env)
			crds.takeOver()
			r := prepare(t, env+"-addons", "aws-load-balancer-controller", "load-balancers-"+env)
			r.helm("install", r.chart, "--values", r.values, "--skip-crds", "--wait", "--wait-for-jobs", "--atomic", "--timeout", "2m")
			assert.Equal(t, len(r.pods()), 2)
			r.helm("uninstall", "--wait", "--timeout", "1m")
			r.empty()
		})
	}
}

// takeOver installs the release of definitions as its stack does.
func (r release) takeOver() {
	r.t.Helper()
	r.helm("upgrade --install", r.chart, "--values", r.values, "--take-ownership", "--wait", "--atomic", "--timeout", "1m")
}

// TestDefinitionsAreUpgraded begins with an old definition, as an older chart of the load balancer
// controller left it in crds/.
func TestDefinitionsAreUpgraded(t *testing.T) {
	const (
		name  = "ingressclassparams.elbv2.k8s.aws"
		field = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/scheme"
	)
	env := distinct(t, "addons", "aws-load-balancer-controller")[0]
	crds := prepare(t, env+"-addons", "load-balancer-crds", "definitions-upgraded")
	crds.kubectl("apply", "--server-side", "--force-conflicts", "--filename", filepath.Join(crds.chart, "definitions"))
	crds.kubectl("patch", "crd", name, "--type", "json", "--patch", `[{"op": "remove", "path": "`+field+`"}]`)
	scheme := func() string {
		return crds.kubectl("get", "crd", name, "--output", "jsonpath={.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.scheme.type}")
	}
	assert.Equal(t, scheme(), "")
	crds.apply(`{"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams", "metadata": {"name": "mine"}, "spec": {"group": {"name": "mine"}}}`)
	t.Cleanup(func() {
		_, err := kube.Kubectl(context.Background(), "", "delete", "ingressclassparams", "mine", "--ignore-not-found")
		assert.Check(t, err)
	})

	// The controller's own chart leaves it.
	own := prepare(t, env+"-addons", "aws-load-balancer-controller", "definitions-left")
	own.helm("install", own.chart, "--values", own.values, "--wait", "--timeout", "2m")
	assert.Equal(t, scheme(), "")
	own.helm("uninstall", "--wait", "--timeout", "1m")

	crds.takeOver()
	assert.Equal(t, scheme(), "string")
	// It belongs to the release from then on, which needs no permission to take it over again.
	crds.kubectl("patch", "crd", name, "--type", "json", "--patch", `[{"op": "remove", "path": "`+field+`"}]`)
	crds.helm("upgrade", crds.chart, "--values", crds.values, "--wait", "--timeout", "1m")
	assert.Equal(t, scheme(), "string")

	// The definitions and the objects of their kinds outlive the release.
	crds.helm("uninstall", "--wait", "--timeout", "1m")
	assert.Equal(t, crds.kubectl("get", "ingressclassparams", "mine", "--output", "jsonpath={.spec.group.name}"), "mine")
	assert.Equal(t, scheme(), "string")
	crds.takeOver()
}

// TestKEDA does the same for KEDA, which registers with the API server too.
func TestKEDA(t *testing.T) {
	for _, env := range distinct(t, "addons", "keda") {
		t.Run(env, func(t *testing.T) {
			r := prepare(t, env+"-addons", "keda", "keda-"+env)
			// The definitions are there for all tests; the application's namespace is not.
			r.helm("install", r.chart, "--values", r.values, "--set", "crds.install=false,watchNamespace="+r.namespace, "--wait", "--timeout", "2m")
			assert.Check(t, len(r.pods()) == 2, "%d pods, want the operator and the metrics' server", len(r.pods()))
			service := get[corev1.Service](r, "service", "keda-operator-metrics-apiserver")
			assert.Equal(t, service.Spec.Ports[0].TargetPort.IntValue(), 6443)
			r.helm("uninstall", "--wait", "--timeout", "1m")
			r.empty()
		})
	}
}

// listens checks that the release's Service targets a port of the pods.
func (r release) listens(port int32) {
	r.t.Helper()
	service := get[corev1.Service](r, "service", r.name)
	target := service.Spec.Ports[0].TargetPort.String()
	for _, p := range r.pods() {
		for _, c := range p.Spec.Containers[0].Ports {
			if (c.Name == target || fmt.Sprint(c.ContainerPort) == target) && c.ContainerPort == port {
				return
			}
		}
		r.t.Errorf("Service %s leads to port %s, pod %s has %v, want %d", service.Name, target, p.Name, p.Spec.Containers[0].Ports, port)
	}
	assert.Check(r.t, !strings.Contains(target, "10250"))
}
