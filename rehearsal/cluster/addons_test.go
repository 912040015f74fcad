package cluster

import (
	"fmt"
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

// TestLoadBalancerController does the same for the AWS Load Balancer Controller. Nobody answers its webhooks
// here: they must not apply to the controller's own objects.
func TestLoadBalancerController(t *testing.T) {
	for _, env := range distinct(t, "addons", "aws-load-balancer-controller") {
		t.Run(env, func(t *testing.T) {
			r := prepare(t, env+"-addons", "aws-load-balancer-controller", "load-balancers-"+env)
			r.install()
			assert.Equal(t, len(r.pods()), 2)
			r.helm("uninstall", "--wait", "--timeout", "1m")
			r.empty()
		})
	}
}

// TestKEDA does the same for KEDA, which registers with the API server too.
func TestKEDA(t *testing.T) {
	for _, env := range distinct(t, "app", "keda") {
		t.Run(env, func(t *testing.T) {
			r := prepare(t, env+"-app", "keda", "keda-"+env)
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
