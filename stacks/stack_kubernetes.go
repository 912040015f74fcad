package stacks

import (
	"github.com/aws/jsii-runtime-go"
	helmprovider "github.com/cdktf/cdktf-provider-helm-go/helm/v12/provider"
	"github.com/cdktf/cdktf-provider-kubernetes-go/kubernetes/v12/namespacev1"
	kubernetesprovider "github.com/cdktf/cdktf-provider-kubernetes-go/kubernetes/v12/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/eks"
	"plinth/constructs/iamrole"
	"plinth/constructs/irsa"
	"plinth/constructs/policy"
	"plinth/settings"
)

// newPodRole creates the IAM role (IRSA) of one namespace's pods. Their service account has the
// namespace's name.
func newPodRole(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster, id, name, description string, statements []policy.Statement) *iamrole.Role {
	return newAccountRole(stack, env, cluster, id, name, name, []string{name}, description, statements)
}

// newAccountRole creates the IAM role (IRSA) of service accounts of one namespace.
func newAccountRole(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster, id, name, namespace string, accounts []string, description string, statements []policy.Statement) *iamrole.Role {
	return irsa.New(stack, id, irsa.Config{
		Name:            env.ResourceName(name),
		Description:     description,
		ProviderArn:     *cluster.Cluster.OIDCProviderArn,
		Issuer:          *cluster.Cluster.OIDCIssuer,
		Namespace:       namespace,
		ServiceAccounts: accounts,
		Statements:      statements,
	})
}

// useKey allows pods to use a KMS key through one AWS service only.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
func useKey(env *settings.Environment, sid, service string, key *string, actions ...string) policy.Statement {
	return policy.Statement{
		Sid:       sid,
		Actions:   actions,
		Resources: []string{*key},
		Conditions: []policy.Condition{{
			Test: "StringEquals", Variable: "kms:ViaService", Values: []string{service + "." + env.Region + ".amazonaws.com"},
		}},
	}
}

// chartFolder returns the path that a stack has a chart of this repository at. path is relative to the project's
// folder.
func chartFolder(stack cdktf.TerraformStack, id, path string) string {
	return *cdktf.NewTerraformAsset(stack, jsii.String(id), &cdktf.TerraformAssetConfig{
		Path: jsii.String(path),
		Type: cdktf.AssetType_DIRECTORY,
	}).Path()
}

// configureKubernetesProviders adds the Kubernetes and Helm providers to a stack. Never add them to the
// stack that creates the cluster: Terraform configures a provider before it plans anything.
// https://developer.hashicorp.com/terraform/language/providers/configuration#provider-configuration
//
// Security: both get a token that lasts minutes from the AWS CLI, so nothing stores a credential
// for the cluster.
func configureKubernetesProviders(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster) {
	access := clusterAccess(env, cluster)
	kubernetesprovider.NewKubernetesProvider(stack, jsii.String("kubernetes"), &kubernetesprovider.KubernetesProviderConfig{
		Host:                 cluster.Cluster.Endpoint,
		ClusterCaCertificate: access.ca,
		Exec:                 []*kubernetesprovider.KubernetesProviderExec{{ApiVersion: access.api, Command: access.command, Args: access.args}},
	})
	// Security: by default Helm keeps releases in Secrets. A role that plans a release would need to
	// read Secrets, the application's included. A test holds that these releases contain nothing secret.
	helmprovider.NewHelmProvider(stack, jsii.String("helm"), helmConfig(cluster, access, "configmap"))
}

// newSecretReleases adds a second Helm provider, which keeps releases in Secrets. It is for a chart that
// puts a private key into its release. The role that plans reads the Secrets of the release's
// namespace: see pipelineAccessEntries.
func newSecretReleases(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster) cdktf.TerraformProvider {
	config := helmConfig(cluster, clusterAccess(env, cluster), "secret")
	config.Alias = jsii.String("secret")
	return helmprovider.NewHelmProvider(stack, jsii.String("helm-secret"), config)
}

// access is how a provider gets its token.
type access struct {
	ca, api, command *string
	args             *[]*string
}

func clusterAccess(env *settings.Environment, cluster *Cluster) access {
	return access{
		ca:      cdktf.Fn_Base64decode(cluster.Cluster.CertificateAuthority),
		api:     jsii.String("client.authentication.k8s.io/v1beta1"),
		command: jsii.String("aws"),
		args:    jsii.Strings("eks", "get-token", "--cluster-name", cluster.Cluster.Name, "--region", env.Region, "--output", "json"),
	}
}

func helmConfig(cluster *Cluster, access access, driver string) *helmprovider.HelmProviderConfig {
	return &helmprovider.HelmProviderConfig{
		HelmDriver: jsii.String(driver),
		Kubernetes: &helmprovider.HelmProviderKubernetes{
			Host:                 cluster.Cluster.Endpoint,
			ClusterCaCertificate: access.ca,
			Exec:                 &helmprovider.HelmProviderKubernetesExec{ApiVersion: access.api, Command: access.command, Args: access.args},
		},
	}
}

// newNamespace creates a namespace with Pod Security "restricted".
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
func newNamespace(stack cdktf.TerraformStack, name string, labels map[string]string, after ...cdktf.ITerraformDependable) namespacev1.NamespaceV1 {
	all := map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
		"pod-security.kubernetes.io/audit":   "restricted",
		"pod-security.kubernetes.io/warn":    "restricted",
	}
	for key, value := range labels {
		all[key] = value
	}
	config := &namespacev1.NamespaceV1Config{
		Metadata: &namespacev1.NamespaceV1Metadata{
			Name:   jsii.String(name),
			Labels: stringPointers(all),
		},
	}
	if len(after) > 0 {
		config.DependsOn = &after
	}
	return namespacev1.NewNamespaceV1(stack, jsii.String(namespaceID(name)), config)
}

func namespaceID(name string) string { return "namespace-" + name }

// kubernetesVersion is the annotation that makes a release replace its pods after an upgrade of the control
// plane: a pod on Fargate keeps the kubelet that it started with. EKS does not upgrade the control plane
// again before all kubelets have its version.
// https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
const kubernetesVersion = "kubernetes-version"

// podAnnotations are the annotations of all pods. The version is the one that the control plane has, not
// the setting: a stack that is deployed before the cluster's would start its pods with the old kubelet.
func podAnnotations(cluster *eks.Cluster) map[string]any {
	return map[string]any{kubernetesVersion: cluster.Version}
}

// containerSecurity sets what Pod Security "restricted" requires, and a read-only root filesystem.
var containerSecurity = map[string]any{
	"allowPrivilegeEscalation": false,
	"readOnlyRootFilesystem":   true,
	"runAsNonRoot":             true,
	"capabilities":             map[string]any{"drop": []string{"ALL"}},
	"seccompProfile":           map[string]any{"type": "RuntimeDefault"},
}

// resources sets a container's limits to its requests. On Fargate the requests choose the size that
// AWS bills, and no other pod shares it.
func resources(cpu, memory string) map[string]any {
	size := map[string]any{"cpu": cpu, "memory": memory}
	return map[string]any{"requests": size, "limits": size}
}

// imageFrom points a chart at the environment's image mirror, if it has one. The mirror keeps each
// image under the path that the image has in its own registry.
func imageFrom(env *settings.Environment, path string) map[string]any {
	image := map[string]any{}
	if env.Cluster.ImageMirror != "" {
		image["repository"] = env.Cluster.ImageMirror + "/" + path
	}
	return image
}

// registryOf does the same for charts that set an image's registry and path separately.
func registryOf(env *settings.Environment) map[string]any {
	image := map[string]any{}
	if env.Cluster.ImageMirror != "" {
		image["registry"] = env.Cluster.ImageMirror
	}
	return image
}

// helmNull unsets a chart's default value. Go's nil does not reach Terraform.
func helmNull() any { return cdktf.Token_NullValue() }
