package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/rehearsal/internal/rehearse"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
)

// TestRehearsal deploys an environment with cdktf and Terraform to its own control plane, then
// causes drift in it.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	programs, err := filepath.Abs(*programs)
	assert.NilError(t, err)
	tools, err := run.Build(root, t.TempDir())
	assert.NilError(t, err)
	tools.Kubernetes = programs
	rehearsal, err := run.New(root, "dev", filepath.Join(t.TempDir(), "dev"), tools)
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, rehearsal.Close()) })

	result, err := rehearse.Play(t.Context(), rehearsal, screen.New(os.Stdout), true)
	assert.NilError(t, err)
	assert.Assert(t, result.Passed(), result.Failures())
	assert.Check(t, strings.Contains(result.Disclaimer(), "AWS was simulated, and no container ran"), result.Disclaimer())

	kube := rehearsal.Cluster()
	app := application(t, "dev")
	r := release{t: t, client: kube.Client, name: app, namespace: app}
	assert.Equal(t, len(r.pods()), int(*r.deployment().Spec.Replicas))
	assert.Check(t, strings.HasSuffix(get[networkingv1.Ingress](r, "ingress", app).Status.LoadBalancer.Ingress[0].Hostname, ".elb.amazonaws.com"))
	groups := r.kubectl("get", "securitygrouppolicy", "security-groups", "--output", "jsonpath={.spec.securityGroups.groupIds[*]}")
	assert.Check(t, len(strings.Fields(groups)) == 2, "the pods get the security groups %q", groups)
	for _, p := range r.pods() {
		assert.Equal(t, p.Annotations["security-groups"], strings.ReplaceAll(groups, " ", ","))
	}
	credentials := get[corev1.Secret](r, "secret", app+"-database").Data
	assert.Check(t, len(credentials["username"]) > 0 && len(credentials["password"]) > 0)
	assert.Check(t, strings.Contains(r.kubectl("get", "configmap", "aws-logging", "--namespace", "aws-observability"), "aws-logging"))

	// Its chart puts a private key into the release. Who may read ConfigMaps must not see it.
	controllers := kube.Client
	for driver, want := range map[string]string{"configmap": "load-balancer-crds\n", "secret": "aws-load-balancer-controller\n"} {
		controllers.Driver = driver
		found, err := controllers.Helm(t.Context(), "", "list", "--namespace", "aws-load-balancer-controller", "--short")
		assert.NilError(t, err)
		assert.Equal(t, found, want, driver)
	}

	r.helm("uninstall", "--wait")
	log, err := rehearsal.Do(t.Context(), rehearsal.Terraform("dev-app", "plan", "-input=false", "-no-color"))
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(log.Text, "Plan: 1 to add, 0 to change, 0 to destroy."), log.Text)

	assert.NilError(t, do(t, rehearsal, rehearsal.Alone(rehearsal.CDKTF("deploy", "dev-app"))))
	assert.Equal(t, len(r.pods()), int(*r.deployment().Spec.Replicas))

	assert.NilError(t, do(t, rehearsal, rehearsal.CDKTF("destroy", "dev-*")))
	left, err := kube.Helm(t.Context(), "", "list", "--all-namespaces", "--all", "--short")
	assert.NilError(t, err)
	assert.Equal(t, left, "")
	namespaces, err := kube.Kubectl(t.Context(), "", "get", "namespaces", "--output", "name")
	assert.NilError(t, err)
	assert.Equal(t, namespaces, "namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\nnamespace/kube-system\n")
}

func do(t *testing.T, r *run.Rehearsal, c run.Command) error {
	t.Helper()
	log, err := r.Do(t.Context(), c)
	if err != nil {
		t.Log(log.Text)
	}
	return err
}
