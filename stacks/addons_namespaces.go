package stacks

import (
	"fmt"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-kubernetes-go/kubernetes/v12/datakubernetesallnamespaces"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/moved"
	"plinth/constructs/release"
	"plinth/settings"
)

// newApplicationNamespaces creates the namespaces of the applications, in a stack that theirs depend on.
//
// Security: so who deploys an application need not be able to change its Pod Security.
func newApplicationNamespaces(stack cdktf.TerraformStack, env *settings.Environment, controller cdktf.ITerraformDependable) []cdktf.ITerraformDependable {
	all := datakubernetesallnamespaces.NewDataKubernetesAllNamespaces(stack, jsii.String("namespaces"), nil)
	var namespaces []cdktf.ITerraformDependable
	var imports []moved.Import
	for _, app := range env.Applications() {
		// The load balancer controller keeps a pod from Ready until its target is healthy, so that a
		// rolling update drops no request. The gate does not apply to the pods of a first install:
		// they are older than the load balancer.
		// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
		namespace := newNamespace(stack, app.Name, map[string]string{"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}, controller)
		namespaces = append(namespaces, namespace)
		// Earlier versions created it in the application's stack, which forgets it.
		imports = append(imports, moved.Import{
			ForEach: fmt.Sprintf("${setintersection(%s.namespaces, [%q])}", *all.Fqn(), app.Name),
			To:      *namespace.TerraformResourceType() + "." + namespaceID(app.Name),
			ID:      app.Name,
		})
	}
	moved.AddImports(stack, imports...)
	return namespaces
}

// newDeployRoles lets the deploy role of each application install its releases in its namespace.
//
// Security: the release is not in these namespaces. Whoever deploys an application can change the ConfigMaps
// there, and Helm would roll back, as an administrator, to whatever the release's says.
func newDeployRoles(stack cdktf.TerraformStack, env *settings.Environment, namespaces []cdktf.ITerraformDependable) {
	const name = "deploy-roles"
	groups := map[string]any{}
	for _, app := range env.ApplicationNames() {
		groups[app] = env.Deployers(app)
	}
	release.New(stack, name, release.Config{
		Name:      name,
		Namespace: "kube-system",
		Chart:     chartFolder(stack, name+"-chart", "charts/"+name),
		Values:    map[string]any{"applications": groups},
		DependsOn: namespaces,
	})
}

// forgetNamespace leaves an application's namespace to the add-ons' stack, which has taken it over.
func forgetNamespace(stack cdktf.TerraformStack, name string) {
	moved.Forget(stack, "kubernetes_namespace_v1."+namespaceID(name))
}
