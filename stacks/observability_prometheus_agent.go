package stacks

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
	"plinth/constructs/release"
	"plinth/observability"
	"plinth/settings"
)

// kubeStateMetricsPort is the chart's default, which package observability scrapes.
const kubeStateMetricsPort = 8080

// newPrometheusAgent installs Prometheus as an agent, which scrapes metrics and sends them to the
// workspace, and kube-state-metrics, which exports the state of Deployments and pods.
// https://prometheus.io/docs/prometheus/latest/prometheus_agent/
func newPrometheusAgent(groups *podGroups, applications []*App, w workspace) {
	stack, env, cluster := groups.stack, groups.env, groups.cluster
	namespace := newNamespace(stack, prometheusNamespace, nil)
	pods := groups.add(prometheusNamespace, "Pods of Prometheus", confined)
	for _, application := range applications {
		if app := application.Settings; hasMetrics(app) {
			pods.connect(app.Name+"-metrics-from-prometheus", "The application's metrics from Prometheus", application.PodsSecurityGroupID, app.Web.Metrics.Port)
		}
	}
	newKubeStateMetrics(groups, pods)
	role := newPodRole(stack, env, cluster, "prometheus-role", prometheusNamespace,
		"Lets Prometheus write to this environment's workspace",
		[]policy.Statement{{Sid: "WriteMetrics", Actions: []string{"aps:RemoteWrite"}, Resources: []string{*w.arn}}, w.useKey(env)})
	agent := observability.Agent{
		Apps: measuredApps(env), Environment: env.Name, Cluster: cluster.Cluster.Name,
		ScrapeIntervalSeconds: env.Observability.Prometheus.ScrapeIntervalSeconds, Region: env.Region,
		Containers: env.Observability.Prometheus.ContainerMetrics,
	}
	// The checksum leaves out the workspace's URL, which only Terraform knows.
	sum := checksum(agent.Config())
	agent.RemoteWriteURL = *w.endpoint + "api/v1/remote_write"
	config := agent.Config()
	annotations := pods.annotations()
	annotations["checksum/config"], annotations["plinth/workspace"] = sum, w.arn
	newPublishedRelease(stack, env, "prometheus", release.Config{
		Name:       prometheusNamespace,
		Namespace:  prometheusNamespace,
		Repository: "https://prometheus-community.github.io/helm-charts",
		Chart:      "prometheus",
		Version:    "29.27.0",
		Values: map[string]any{
			"serviceAccounts": map[string]any{"server": map[string]any{
				"name":        prometheusNamespace,
				"annotations": map[string]any{"eks.amazonaws.com/role-arn": role.Arn},
			}},
			// Security: the chart's role reads every ConfigMap, Service and Ingress of the cluster.
			"rbac":           map[string]any{"create": false},
			"extraManifests": prometheusRights(env),
			"server": map[string]any{
				"fullnameOverride": prometheusNamespace,
				"image":            imageFrom(env, "prometheus/prometheus"),
				"defaultFlagsOverride": []string{
					"--agent",
					"--config.file=/etc/config/prometheus.yml",
					"--storage.agent.path=/data",
					// The agent drops samples that it could not send by then.
					"--storage.agent.retention.max-time=2h",
				},
				"global": config["global"],
				// One: with two, the workspace would get each metric twice, and AWS would bill it twice.
				// Replacing the pod loses metrics of a minute or two.
				"replicaCount": 1,
				"strategy":     map[string]any{"type": "Recreate"},
				// Fargate has no EBS. A pod that fails loses the samples that it had not yet sent.
				"persistentVolume": map[string]any{"enabled": false},
				"emptyDir":         map[string]any{"sizeLimit": "8Gi"},
				// An agent answers no queries.
				"service":            map[string]any{"enabled": false},
				"enableServiceLinks": false,
				"podAnnotations":     annotations,
				"podLabels":          podLabels(env, observabilityProfile),
				"securityContext": map[string]any{
					"fsGroup": 65534, "runAsUser": 65534, "runAsGroup": 65534, "runAsNonRoot": true,
					"seccompProfile": map[string]any{"type": "RuntimeDefault"},
				},
				"containerSecurityContext": containerSecurity,
				"resources":                resources("250m", "768Mi"),
			},
			// The annotations above replace the pod when the configuration changes. Security: so nothing
			// needs the HTTP endpoint that reloads it, which has no password.
			"configmapReload": map[string]any{"prometheus": map[string]any{"enabled": false}},
			"serverFiles": map[string]any{"prometheus.yml": map[string]any{
				// An agent does not start with the chart's default rule files.
				"rule_files":     []any{},
				"scrape_configs": config["scrape_configs"],
				"remote_write":   config["remote_write"],
			}},
			"scrapeConfigs":            helmNull(),
			"alertmanager":             map[string]any{"enabled": false},
			"kube-state-metrics":       map[string]any{"enabled": false},
			"prometheus-node-exporter": map[string]any{"enabled": false},
			"prometheus-pushgateway":   map[string]any{"enabled": false},
		},
		DependsOn: append(role.Permissions, namespace, pods.install(namespace)),
	})
}

// prometheusRights lets Prometheus find its targets: the pods of the applications that have metrics and, for
// the metrics of containers, the nodes. On Fargate each pod has its own node.
//
// Security: get on nodes/proxy is more than reading. Whoever has this account's token can run commands
// in every pod. The API server requires it for reading a kubelet's metrics through it, so it is off by
// default.
// https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
func prometheusRights(env *settings.Environment) []string {
	account := []any{map[string]any{"kind": "ServiceAccount", "name": prometheusNamespace, "namespace": "{{ .Release.Namespace }}"}}
	find := []string{"get", "list", "watch"}
	object := func(kind string, metadata map[string]any, rest map[string]any) string {
		rest["apiVersion"], rest["kind"], rest["metadata"] = "rbac.authorization.k8s.io/v1", kind, metadata
		text, _ := json.Marshal(rest) // cannot fail for these types
		return string(text)
	}
	refer := func(kind string) map[string]any {
		return map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": prometheusNamespace}
	}
	all := []string{}
	for _, app := range measuredApps(env) {
		all = append(all,
			object("Role", map[string]any{"name": prometheusNamespace, "namespace": app}, map[string]any{"rules": []any{
				map[string]any{"apiGroups": []string{""}, "resources": []string{"pods"}, "verbs": find},
			}}),
			object("RoleBinding", map[string]any{"name": prometheusNamespace, "namespace": app}, map[string]any{"roleRef": refer("Role"), "subjects": account}),
		)
	}
	if !env.Observability.Prometheus.ContainerMetrics {
		return all
	}
	everywhere := map[string]any{"name": prometheusNamespace}
	return append(all,
		object("ClusterRole", everywhere, map[string]any{"rules": []any{
			map[string]any{"apiGroups": []string{""}, "resources": []string{"nodes"}, "verbs": find},
			map[string]any{"apiGroups": []string{""}, "resources": []string{"nodes/proxy"}, "verbs": []string{"get"}},
		}}),
		object("ClusterRoleBinding", everywhere, map[string]any{"roleRef": refer("ClusterRole"), "subjects": account}),
	)
}

// newKubeStateMetrics installs kube-state-metrics, which exports the state of the Deployments, pods,
// autoscalers and jobs of the applications and the add-ons as metrics. Only Prometheus reaches it.
func newKubeStateMetrics(groups *podGroups, prometheus *podGroup) {
	stack, env := groups.stack, groups.env
	namespace := newNamespace(stack, kubeStateMetrics, nil)
	pods := groups.add(kubeStateMetrics, "Pods of kube-state-metrics", confined)
	prometheus.connect("kube-state-metrics-from-prometheus", "kube-state-metrics from Prometheus", pods.id, kubeStateMetricsPort)
	namespaces := append(env.ApplicationNames(), loadBalancerController, metricsServer, externalSecrets)
	if env.Cluster.KEDA {
		namespaces = append(namespaces, keda)
	}
	newPublishedRelease(stack, env, kubeStateMetrics, release.Config{
		Name:       kubeStateMetrics,
		Namespace:  kubeStateMetrics,
		Repository: "https://prometheus-community.github.io/helm-charts",
		Chart:      "kube-state-metrics",
		Version:    "8.4.1",
		Values: map[string]any{
			"image": registryOf(env),
			// Security: it reads these kinds only, not Secrets, through a Role in each of these namespaces
			// instead of a ClusterRole.
			"collectors": []string{"cronjobs", "deployments", "horizontalpodautoscalers", "jobs", "pods"},
			"namespaces": strings.Join(namespaces, ","),
			"rbac":       map[string]any{"useClusterRole": false},
			// One: two would count everything twice.
			"replicas": 1,
			// Prometheus finds it by its name, not by an annotation.
			"prometheusScrape": false,
			"podAnnotations":   pods.annotations(),
			"podLabels":        podLabels(env, observabilityProfile),
			"resources":        resources("250m", "256Mi"),
		},
		DependsOn: []cdktf.ITerraformDependable{namespace, pods.install(namespace)},
	})
}

// checksum returns the SHA-256, as hex, of a value of plain Go types.
func checksum(value any) string {
	text, _ := json.Marshal(value) // cannot fail for these types
	return fmt.Sprintf("%x", sha256.Sum256(text))
}
