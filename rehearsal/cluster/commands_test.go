package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	compare "gotest.tools/v3/assert/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// plinth is the command in a project whose application is the release.
type plinth struct {
	release
	folder, kubeconfig string
}

func newPlinth(r release) plinth {
	r.t.Helper()
	p := plinth{r, r.t.TempDir(), r.client.Kubeconfig()}
	context := strings.TrimSpace(r.kubectl("config", "current-context"))
	const account = `"provider": {"aws": [{"region": "eu-west-2", "allowed_account_ids": ["111111111111"]}]}`
	files := map[string]string{
		"cdktf.json": "{}", "environments/dev.yaml": "",
		"cdktf.out/manifest.json": `{"stacks": {`,
	}
	for stack, text := range map[string]string{
		"bootstrap-dev": `{}`,
		"dev-network":   `{}`,
		"dev-data":      `{` + account + `, "output": {"database_identifier": {"value": "d"}}, "resource": {"aws_db_instance": {"a": {"identifier": "d", "db_name": "a", "username": "u"}}}}`,
		"dev-cluster":   `{"resource": {"aws_eks_cluster": {"a": {"name": "` + context + `", "vpc_config": {"endpoint_public_access": true}}}}}`,
		"dev-shop":      `{"output": {"application": {"value": "` + r.name + `"}}, "resource": {"helm_release": {"a": {"name": "` + r.name + `", "namespace": "` + r.namespace + `"}}}}`,
	} {
		files["cdktf.out/stacks/"+stack+"/cdk.tf.json"] = text
		files["cdktf.out/manifest.json"] += `"` + stack + `": {"name": "` + stack + `", "synthesizedStackPath": "stacks/` + stack + `/cdk.tf.json"},`
	}
	files["cdktf.out/manifest.json"] = strings.TrimSuffix(files["cdktf.out/manifest.json"], ",") + "}}"
	for name, text := range files {
		file := filepath.Join(p.folder, name)
		assert.NilError(r.t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(r.t, os.WriteFile(file, []byte(text), 0o600))
	}
	build := exec.CommandContext(r.t.Context(), "go", "-C", filepath.Join(root, "cli"), "build", "-o", filepath.Join(p.folder, "plinth"), ".")
	out, err := build.CombinedOutput()
	assert.NilError(r.t, err, "%s", out)
	return p
}

// developer returns the command as a member of the group of developers runs it.
func (p plinth) developer(group string) plinth {
	p.t.Helper()
	content, err := os.ReadFile(p.kubeconfig)
	assert.NilError(p.t, err)
	text := strings.Replace(string(content), "{token:", "{as: somebody, as-groups: ["+strconv.Quote(group)+"], token:", 1)
	assert.Assert(p.t, text != string(content))
	p.kubeconfig = filepath.Join(p.folder, "developer")
	assert.NilError(p.t, os.WriteFile(p.kubeconfig, []byte(text), 0o600))
	return p
}

func (p plinth) run(arguments ...string) (string, error) {
	command := exec.CommandContext(p.t.Context(), filepath.Join(p.folder, "plinth"), arguments...)
	command.Dir = p.folder
	command.Env = append(os.Environ(), append(p.client.Variables(), "KUBECONFIG="+p.kubeconfig, "PATH="+p.client.Programs+":"+os.Getenv("PATH"))...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// TestCommands runs ./plinth's commands about an application against the control plane, as an administrator and as a
// developer.
func TestCommands(t *testing.T) {
	t.Parallel()
	r := prepareSample(t, "node", "commands")
	r.client.Driver = "configmap" // as the stacks' Helm
	const group = "plinth:developers"
	r.helm("install", r.chart, "--values", r.values, "--set", "developerGroup="+group, "--wait", "--wait-for-jobs", "--atomic", "--timeout", "2m")
	r.serves("shop")
	r.serves("shop-mailer")
	p := newPlinth(r)

	// Nothing here makes load balancers and metrics, or reads secrets.
	said, err := p.run("status", "dev")
	assert.Check(t, err != nil && strings.Contains(said, "dev: is not healthy: autoscaler, ingress and secret; "), said)
	for _, want := range []string{"✓ web        shop: 2 of 2 available", "✓ worker     shop-mailer: 1 of 1 available", "✓ job        shop-nightly-report: next run at ", "✓ release    shop-release: succeeded at "} {
		assert.Check(t, compare.Contains(said, want))
	}
	said, err = p.run("releases", "dev")
	assert.Check(t, err, said)
	assert.Check(t, compare.Contains(said, "deployed  1.4.2"))

	before := get[corev1.PodList](r, "pods", "--selector", "app.kubernetes.io/component=web").Items
	said, err = p.run("restart", "dev", "shop", "web")
	assert.Check(t, err, said)
	assert.Check(t, compare.Equal(said, "dev-shop: restarting web.\ndev-shop: web is restarted.\n"))
	eventually(t, "new pods", func() string {
		for _, pod := range get[corev1.PodList](r, "pods", "--selector", "app.kubernetes.io/component=web").Items {
			for _, old := range before {
				if pod.Name == old.Name {
					return pod.Name + " is there still"
				}
			}
		}
		return ""
	})
	assert.Check(t, compare.Equal(get[appsv1.Deployment](r, "deployment", "shop-mailer").Status.ObservedGeneration, int64(1)), "mailer is restarted too")

	// What EKS's view policy gives a developer.
	r.apply(`{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "view", "namespace": "` + r.namespace + `"},
		"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}, "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "` + group + `"}]}`)
	developer := p.developer(group)
	said, err = developer.run("run", "dev", "--", "node", "console.js")
	assert.Check(t, err, said)
	said, err = developer.run("restart", "dev", "shop")
	assert.Check(t, err != nil && strings.Contains(said, "your role may not restart processes, which takes edit or admin"), said)
	stranger := p.developer("others")
	said, err = stranger.run("run", "dev", "--", "true")
	assert.Check(t, err != nil && strings.Contains(said, "access is denied"), said)
	eventually(t, "no Job of run", func() string { return r.kubectl("get", "jobs", "--output", "name") })
	for _, right := range []string{"delete pods", "create pods", "patch deployments.apps", "get secrets", "patch jobs.batch", "create serviceaccounts/token"} {
		verb, resource, _ := strings.Cut(right, " ")
		can, _ := r.client.Kubectl(t.Context(), "", "auth", "can-i", verb, resource, "--as", "somebody", "--as-group", group, "--namespace", r.namespace)
		assert.Check(t, compare.Equal(strings.TrimSpace(can), "no"), right)
	}
}
