package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestDeployRoles: with charts/deploy-roles, an application's role installs, upgrades and destroys a release in its
// own namespace, and none in another's.
func TestDeployRoles(t *testing.T) {
	p := newProject(t)
	p.role("deploy-shop", "", `{"Effect": "Allow", "Action": "*", "Resource": "*"}`)
	entry := `resource "aws_eks_access_entry" "shop" {
  cluster_name      = aws_eks_cluster.main.name
  principal_arn     = "arn:aws:iam::111111111111:role/deploy-shop"
  kubernetes_groups = ["plinth:deploy-shop"]
}
`
	p.apply(cluster + entry)
	chart, err := filepath.Abs("../../../charts/deploy-roles")
	assert.NilError(t, err)
	roles := strings.Replace(inCluster(p, entry), `provider "helm" {`, "provider \"helm\" {\n  helm_driver = \"configmap\"", 1) + `
resource "kubernetes_namespace_v1" "all" {
  for_each = toset(["app", "shop"])
  metadata {
    name = each.key
  }
}
resource "helm_release" "roles" {
  name       = "deploy-roles"
  namespace  = "kube-system"
  chart      = "` + chart + `"
  values     = [jsonencode({ applications = { app = "plinth:deploy-app", shop = "plinth:deploy-shop" } })]
  depends_on = [kubernetes_namespace_v1.all]
}
`
	p.apply(roles)
	release := strings.ReplaceAll(withChart(p, `apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  port: "{{ .Values.port }}"
`), "kubernetes_namespace_v1.web", "helm_release.roles")
	in := func(namespace string) string {
		return roles + strings.Replace(release, `namespace  = "web"`, `namespace  = "`+namespace+`"`, 1)
	}
	target := func(verb string) string { return verb + " -auto-approve -refresh=false -target helm_release.web" }

	p.as("deploy-shop")
	p.denied(in("app"), target("apply"), `configmaps is forbidden: User "arn:aws:sts::111111111111:assumed-role/deploy-shop/plinth" cannot list resource "configmaps" in API group "" in the namespace "app"`)
	p.denied(in("kube-system"), target("apply"), `in the namespace "kube-system"`)
	for _, config := range []string{in("shop"), strings.Replace(in("shop"), "port = 80", "port = 81", 1)} {
		output, err := p.terraform(config, strings.Fields(target("apply"))...)
		assert.NilError(t, err, output)
	}
	output, err := p.terraform(in("shop"), strings.Fields(target("destroy"))...)
	assert.NilError(t, err, output)
	// A chart with a Secret, or an object of the whole cluster, is not an application's.
	for _, kind := range []string{"Secret", "Namespace"} {
		p.write(filepath.Join(p.folder, "chart", "templates", "web.yaml"), "apiVersion: v1\nkind: "+kind+"\nmetadata:\n  name: other\n")
		p.denied(in("shop"), target("apply"), "Forbidden", "cannot create resource")
	}
}
