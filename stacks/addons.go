package stacks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-kubernetes-go/kubernetes/v12/configmapv1"
	"github.com/cdktf/cdktf-provider-kubernetes-go/kubernetes/v12/namespacev1"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/loggroup"
	"plinth/constructs/release"
	"plinth/settings"
)

// Addons is the stack <environment>-addons: what the cluster needs before an application, and what all
// applications share.
type Addons struct {
	cdktf.TerraformStack
	// KEDASecurityGroupID is the security group of KEDA's pods.
	KEDASecurityGroupID *string
	// DatabaseSecurityGroupID is the one that has PostgreSQL's port, in the cluster or not.
	DatabaseSecurityGroupID *string
}

// Each name is that of an add-on's release, namespace and service account.
const (
	loadBalancerController = "aws-load-balancer-controller"
	metricsServer          = "metrics-server"
	externalSecrets        = "external-secrets"
)

// NewAddons installs the load balancer controller, metrics-server and External Secrets, routes the pods'
// output to CloudWatch, and creates the applications' namespaces with their deploy roles' rights. Where the settings
// say so, it installs KEDA and PostgreSQL.
func NewAddons(scope constructs.Construct, env *settings.Environment, data *Data, cluster *Cluster) *Addons {
	stack := newStack(scope, env, "addons")
	configureKubernetesProviders(stack, env, cluster)

	// Fargate reads the log router's configuration when it starts a pod, so create it first.
	logging := routePodLogs(stack, env, cluster)
	controller := newLoadBalancerController(stack, env, cluster, logging)
	// Install the controller first and remove it last: only it can delete the load balancers
	// it created.
	newMetricsServer(stack, env, cluster, controller)
	secrets := newExternalSecrets(stack, env, cluster, controller)
	namespaces := newApplicationNamespaces(stack, env, controller)
	newDeployRoles(stack, env, namespaces)

	groups := newPodGroups(stack, env, cluster)
	// The stacks of applications that an earlier version deployed still have groups with the plain names, and AWS
	// allows a name once in a VPC.
	groups.part = "addons"
	// Without KEDA too: so the deploy role needs no other permissions when the settings enable it.
	// The API server calls KEDA, and KEDA's two pods call each other.
	kedaGroup := groups.add(keda, "Pods of KEDA", system)
	if env.Cluster.KEDA {
		newKEDA(kedaGroup, namespaces)
	}
	result := &Addons{TerraformStack: stack, KEDASecurityGroupID: kedaGroup.id, DatabaseSecurityGroupID: data.Database.SecurityGroupID}
	server := secrets
	if env.Database.Engine == settings.EngineInCluster {
		result.DatabaseSecurityGroupID, server = newInClusterDatabase(groups, data, secrets)
	}
	newDatabases(groups, data, result.DatabaseSecurityGroupID, server)
	output(stack, "pod_log_group", "CloudWatch log group of the pods' output", cluster.PodLogs)
	return result
}

// routePodLogs configures the log router that Fargate runs beside every pod. EKS requires
// these names for the namespace, its label and the ConfigMap.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-logging.html
func routePodLogs(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster) cdktf.ITerraformDependable {
	group := loggroup.New(stack, "pod-logs", loggroup.Config{
		Name:          cluster.PodLogs,
		RetentionDays: env.LogRetentionDays,
		KeyArn:        cluster.Key.Arn,
	})
	namespace := namespacev1.NewNamespaceV1(stack, jsii.String("namespace-aws-observability"), &namespacev1.NamespaceV1Config{
		Metadata: &namespacev1.NamespaceV1Metadata{
			Name:   jsii.String("aws-observability"),
			Labels: &map[string]*string{"aws-observability": jsii.String("enabled")},
		},
	})
	return configmapv1.NewConfigMapV1(stack, jsii.String("aws-logging"), &configmapv1.ConfigMapV1Config{
		Metadata: &configmapv1.ConfigMapV1Metadata{
			Name:      jsii.String("aws-logging"),
			Namespace: namespace.Id(),
		},
		Data: &map[string]*string{
			"output.conf":  jsii.String(fmt.Sprintf(routerOutput, env.Region, *group.Name())),
			"filters.conf": jsii.String(routerFilters),
			"parsers.conf": jsii.String(routerParsers),
			// Fluent Bit's own log costs more than it is worth.
			"flb_log_cw": jsii.String("false"),
		},
	})
}

// The log router strips the container runtime's prefix from each line, parses JSON and adds the
// pod's metadata. A line that is not JSON stays in the field log, where settings.App.ErrorLogs finds it. Terraform
// creates the log group with its retention and key; the router creates none.
// https://docs.fluentbit.io/manual/pipeline/filters/kubernetes
const (
	routerOutput = `[OUTPUT]
    Name cloudwatch_logs
    Match kube.*
    region %s
    log_group_name %s
    log_stream_prefix pod-
    auto_create_group false
`
	routerFilters = `[FILTER]
    Name parser
    Match *
    Key_name log
    Parser crio
[FILTER]
    Name kubernetes
    Match kube.*
    Merge_Log On
    Keep_Log Off
    Buffer_Size 0
    Kube_Meta_Cache_TTL 300s
`
	routerParsers = `[PARSER]
    Name crio
    Format Regex
    Regex ^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>P|F) (?<log>.*)$
    Time_Key time
    Time_Format %Y-%m-%dT%H:%M:%S.%L%z
`
)

func newMetricsServer(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster, after cdktf.ITerraformDependable) {
	namespace := newNamespace(stack, metricsServer, nil, after)
	newPublishedRelease(stack, env, metricsServer, release.Config{
		Name:       metricsServer,
		Namespace:  metricsServer,
		Repository: "https://kubernetes-sigs.github.io/metrics-server/",
		Chart:      "metrics-server",
		Version:    "3.13.1",
		Values: map[string]any{
			"image": imageFrom(env, "metrics-server/metrics-server"),
			// On Fargate the kubelet uses the default port.
			"containerPort":       metricsServerPort,
			"replicas":            2,
			"podDisruptionBudget": map[string]any{"enabled": true, "minAvailable": 1},
			"podAnnotations":      podAnnotations(cluster.Cluster),
			"podLabels":           podLabels(env, ingressMetricsProfile),
			"resources":           resources("100m", "200Mi"),
		},
		DependsOn: []cdktf.ITerraformDependable{namespace},
	})
}

func newExternalSecrets(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster, after cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	namespace := newNamespace(stack, externalSecrets, nil, after)
	image := imageFrom(env, "external-secrets/external-secrets")
	return newPublishedRelease(stack, env, externalSecrets, release.Config{
		Name:       externalSecrets,
		Namespace:  externalSecrets,
		Repository: "https://charts.external-secrets.io",
		Chart:      "external-secrets",
		Version:    "2.9.0", // No test renders this version without a checkout: see docs/upgrades.md#external-secrets.
		Values: map[string]any{
			"installCRDs": true,
			"image":       image,
			// Security: no role of its own. Each SecretStore names a service account with one.
			"serviceAccount": map[string]any{"name": externalSecrets},
			"livenessProbe":  map[string]any{"enabled": true},
			// Security: switch off stores and secrets that span namespaces, and writes to AWS.
			"processClusterStore":          false,
			"processClusterExternalSecret": false,
			"processClusterGenerator":      false,
			"processPushSecret":            false,
			"processClusterPushSecret":     false,
			"podAnnotations":               podAnnotations(cluster.Cluster),
			"podLabels":                    podLabels(env, ingressMetricsProfile),
			"resources":                    resources("100m", "200Mi"),
			"webhook": map[string]any{
				"podAnnotations": podAnnotations(cluster.Cluster),
				"podLabels":      podLabels(env, ingressMetricsProfile),
				// On Fargate the kubelet uses the default port.
				"port":      secretsPort,
				"image":     image,
				"resources": resources("100m", "200Mi"),
			},
			"certController": map[string]any{
				"podAnnotations": podAnnotations(cluster.Cluster),
				"podLabels":      podLabels(env, ingressMetricsProfile),
				"image":          image,
				"resources":      resources("100m", "200Mi"),
			},
		},
		DependsOn: []cdktf.ITerraformDependable{namespace},
	})
}
