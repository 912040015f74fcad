package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestDeployRoles: with the rights that charts/deploy-roles gives its group, a role installs, upgrades, rolls back
// and uninstalls the charts of its application in its namespace. It does so nowhere else, reads no Secrets and
// gets no further rights.
func TestDeployRoles(t *testing.T) {
	const of, elsewhere = "deploys-", "deploys-another"
	groups := map[string]string{elsewhere: "plinth:" + elsewhere}
	samples := map[string]release{}
	for _, sample := range []string{"node", "worker"} {
		r := prepareSample(t, sample, of+sample)
		groups[r.namespace] = "plinth:" + r.namespace
		samples[sample] = r
	}
	prepareSample(t, "node", elsewhere)
	roles := release{t: t, client: kube.Client, name: "deploy-roles", namespace: "kube-system", chart: filepath.Join(root, "charts", "deploy-roles"), values: filepath.Join(t.TempDir(), "values.yaml")}
	values, err := yaml.Marshal(map[string]any{"applications": groups})
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(roles.values, values, 0o600))
	roles.install()

	t.Run("applications", func(t *testing.T) {
		for sample, r := range samples {
			t.Run(sample, func(t *testing.T) {
				t.Parallel()
				r.t = t
				r.groups = []string{groups[r.namespace]}
				r.client.Driver = "configmap" // as in the stacks
				security := r
				security.name, security.chart = "security-groups", filepath.Join(root, "charts", "security-groups")
				security.values = filepath.Join(security.chart, "ci", "app-values.yaml")
				security.install()
				r.install()
				r.everyObject()
				assert.NilError(t, r.upgrade("1.0.0", "--timeout", "2m", "--set", "developerGroup=plinth:developers"))
				err := r.upgrade("missing", "--timeout", "15s")
				assert.ErrorContains(t, err, "failed")
				assert.Assert(t, err != nil && !isForbidden(err), "%v", err)
				r.helm("rollback", "1", "--wait", "--timeout", "2m")
				// The failed release command's Job stays until the next release.
				assert.NilError(t, r.upgrade("2.0.0", "--timeout", "2m"))
				r.staysWithin(elsewhere)
				r.helm("uninstall", "--wait", "--timeout", "1m")
				security.helm("uninstall", "--wait", "--timeout", "1m")
			})
		}
	})

	roles.helm("uninstall", "--wait", "--timeout", "1m")
	for _, r := range samples {
		r.empty()
		r.groups = []string{groups[r.namespace]}
		_, err := r.try("install", r.chart, "--values", r.values)
		assert.Assert(t, isForbidden(err), "without the Role the group installs a release: %v", err)
	}
}

// staysWithin checks what the groups of a release may not do, in its own namespace and in another.
func (r release) staysWithin(elsewhere string) {
	r.t.Helper()
	other := r
	other.namespace = elsewhere
	_, err := other.try("install", r.chart, "--values", r.values)
	assert.Check(r.t, isForbidden(err), "installs a release in %s: %v", elsewhere, err)

	for _, refused := range [][]string{
		{"get", "secrets"},
		{"create", "secret", "generic", "mine"},
		{"create", "token", "default"},
		{"label", "namespace", r.namespace, "pod-security.kubernetes.io/enforce=privileged", "--overwrite"},
		{"delete", "namespace", r.namespace, "--wait=false"},
		{"get", "namespace", elsewhere},
		{"get", "namespaces"},
		{"get", "configmaps", "--namespace", "kube-system"},
		{"get", "pods", "--namespace", elsewhere},
		{"create", "rolebinding", "mighty", "--clusterrole", "cluster-admin", "--user", "me"},
		{"create", "rolebinding", "edits", "--clusterrole", "edit", "--user", "me"},
		{"create", "role", "reads", "--verb", "get", "--resource", "secrets"},
		{"create", "clusterrolebinding", "mighty", "--clusterrole", "cluster-admin", "--user", "me"},
		{"patch", "role", "deploy", "--type", "json", "--patch", `[{"op": "add", "path": "/rules/-", "value": {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}}]`},
	} {
		_, err := r.tryKubectl(refused...)
		assert.Check(r.t, isForbidden(err), "may %v: %v", refused, err)
	}
	// The provider reads the namespace where an earlier version of Plinth has it in the application's state.
	assert.Equal(r.t, get[corev1.Namespace](r, "namespace", r.namespace).Name, r.namespace)
	for _, allowed := range []string{"deployments", "pods"} {
		_, err := r.tryKubectl("get", allowed)
		assert.Check(r.t, err == nil, "may not get %s: %v", allowed, err)
	}
}

func isForbidden(err error) bool {
	return err != nil && strings.Contains(err.Error(), "forbidden")
}
