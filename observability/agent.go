package observability

import (
	"fmt"
	"slices"
	"strings"
)

// Agent is a Prometheus in agent mode: it scrapes, stores nothing, and writes to AMP.
// https://prometheus.io/docs/prometheus/latest/prometheus_agent/
type Agent struct {
	// Apps are the names of the applications that have metrics, which are also their namespaces'.
	Apps []string
	// Environment and Cluster become labels of all written metrics.
	Environment string
	Cluster     string
	// ScrapeIntervalSeconds is the scrape interval, at most 60: rules look back five minutes.
	ScrapeIntervalSeconds int
	// RemoteWriteURL is the workspace's URL, <endpoint>api/v1/remote_write.
	RemoteWriteURL string
	// Region is the workspace's region.
	Region string
	// Containers scrapes the kubelets for what containers use.
	Containers bool
}

// The names of jobs in rules and dashboards.
const (
	appJob              = "app"
	kubeStateMetricsJob = "kube-state-metrics"
	cadvisorJob         = "cadvisor"
)

// keptMetrics are the metrics of Kubernetes that rules and dashboards use. AMP charges by the sample, and
// nobody reads nine in ten of the exported metrics. Of applications all metrics are kept: see appSamples.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-costs.html
var keptMetrics = map[string][]string{
	kubeStateMetricsJob: {
		"kube_cronjob_next_schedule_time",
		"kube_deployment_spec_replicas",
		"kube_deployment_status_replicas_available",
		"kube_horizontalpodautoscaler_spec_max_replicas",
		"kube_horizontalpodautoscaler_spec_min_replicas",
		"kube_horizontalpodautoscaler_status_condition",
		"kube_horizontalpodautoscaler_status_current_replicas",
		"kube_horizontalpodautoscaler_status_desired_replicas",
		"kube_job_failed",
		"kube_pod_container_status_last_terminated_reason",
		"kube_pod_container_status_restarts_total",
		"kube_pod_status_phase",
		"kube_pod_status_ready",
	},
	// What containers use is compared with these.
	kubeStateMetricsJob + cadvisorJob: {
		"kube_pod_container_resource_limits",
		"kube_pod_container_resource_requests",
	},
	cadvisorJob: {
		"container_cpu_cfs_periods_total",
		"container_cpu_cfs_throttled_periods_total",
		"container_cpu_usage_seconds_total",
		"container_memory_working_set_bytes",
	},
}

// appSamples is the maximum number of samples in one scrape of an application's pod. Prometheus drops a larger
// scrape, and ScrapeDown reports it: a label with users' values would be costly.
//
// All metrics below the limit are kept, whatever the application calls them: which of them its own dashboards
// use, only its team knows. A Go or Node.js program has a few hundred, one with Spring Boot up to a thousand
// and more. With a scrape every 30 seconds, each 100 samples are 8.6 million a month, for each pod. In most
// regions AWS charges 0.90 USD for 10 million, so a pod at the limit costs about 15 USD a month.
// https://aws.amazon.com/prometheus/pricing/
const appSamples = 2000

// Config returns prometheus.yml.
func (a Agent) Config() map[string]any {
	return map[string]any{
		"global": map[string]any{
			"scrape_interval": fmt.Sprintf("%ds", a.ScrapeIntervalSeconds),
			"scrape_timeout":  "10s",
			"external_labels": map[string]any{"cluster": a.Cluster, "environment": a.Environment},
		},
		"scrape_configs": a.ScrapeConfigs(),
		"remote_write": []map[string]any{{
			"url":   a.RemoteWriteURL,
			"sigv4": map[string]any{"region": a.Region},
			// Prometheus adds series about each target: up, which is used, and scrape_*, which are not. Only
			// here can they be dropped.
			// https://prometheus.io/docs/concepts/jobs_instances/#automatically-generated-labels-and-time-series
			"write_relabel_configs": []map[string]any{drop("__name__", "scrape_.+")},
		}},
	}
}

// ScrapeConfigs returns Config's scrape_configs.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
func (a Agent) ScrapeConfigs() []map[string]any {
	var all []map[string]any
	// No namespaces would mean all.
	if len(a.Apps) > 0 {
		all = append(all, a.app())
	}
	all = append(all, a.kubeStateMetrics())
	if a.Containers {
		all = append(all, cadvisor())
	}
	return all
}

// app scrapes the applications' pods, ready or not: while the database is away no pod is ready, and
// their metrics are needed. charts/app annotates pods that have metrics with their port and path. A pod
// is a target once for each port, so the other ports are dropped.
func (a Agent) app() map[string]any {
	const (
		portAnnotation = "__meta_kubernetes_pod_annotation_prometheus_io_port"
		pathAnnotation = "__meta_kubernetes_pod_annotation_prometheus_io_path"
		component      = "__meta_kubernetes_pod_label_app_kubernetes_io_component"
	)
	return map[string]any{
		"job_name": appJob,
		"kubernetes_sd_configs": []map[string]any{{
			"role": "pod", "namespaces": map[string]any{"names": a.Apps},
		}},
		"relabel_configs": []map[string]any{
			keep(portAnnotation, "[0-9]+"),
			{"source_labels": []string{portAnnotation}, "target_label": "__meta_kubernetes_pod_container_port_number", "action": "keepequal"},
			keep("__meta_kubernetes_pod_phase", "Running"),
			copyIfSet(pathAnnotation, "__metrics_path__"),
			copyTo("__meta_kubernetes_namespace", "namespace"),
			copyTo("__meta_kubernetes_pod_name", "pod"),
			{"target_label": "process", "replacement": "web"},
			copyIfSet(component, "process"),
		},
		"sample_limit": appSamples,
	}
}

// kubeStateMetrics scrapes the Service, whose address outlives its pods: another address would be
// another set of time series.
func (a Agent) kubeStateMetrics() map[string]any {
	kept := keptMetrics[kubeStateMetricsJob]
	if a.Containers {
		kept = slices.Concat(kept, keptMetrics[kubeStateMetricsJob+cadvisorJob])
	}
	return map[string]any{
		"job_name": kubeStateMetricsJob,
		"static_configs": []map[string]any{{
			"targets": []string{kubeStateMetricsJob + "." + kubeStateMetricsJob + ".svc:8080"},
		}},
		"metric_relabel_configs": []map[string]any{keepMetrics(kept)},
	}
}

// cadvisor scrapes the kubelets through the API server: on Fargate a pod does not reach its own
// node's kubelet, and a kubelet's certificate is not always for its address.
// https://aws-otel.github.io/docs/getting-started/container-insights/eks-fargate/
// https://github.com/kubernetes-sigs/metrics-server/issues/1468
//
// Security: this needs get on nodes/proxy. Whoever has the service account's token can then also run
// commands in pods. It must be this agent's alone.
// https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
func cadvisor() map[string]any {
	const account = "/var/run/secrets/kubernetes.io/serviceaccount/"
	return map[string]any{
		"job_name":              cadvisorJob,
		"scheme":                "https",
		"authorization":         map[string]any{"credentials_file": account + "token"},
		"tls_config":            map[string]any{"ca_file": account + "ca.crt"},
		"kubernetes_sd_configs": []map[string]any{{"role": "node"}},
		"relabel_configs": []map[string]any{
			{"target_label": "__address__", "replacement": "kubernetes.default.svc:443"},
			{
				"source_labels": []string{"__meta_kubernetes_node_name"}, "target_label": "__metrics_path__",
				"replacement": "/api/v1/nodes/$1/proxy/metrics/cadvisor",
			},
			copyTo("__meta_kubernetes_node_name", "instance"),
		},
		"metric_relabel_configs": []map[string]any{
			keepMetrics(keptMetrics[cadvisorJob]),
			// The pod as a whole, and the container that only holds its network.
			drop("container", "|POD"),
		},
	}
}

func keepMetrics(names []string) map[string]any {
	return keep("__name__", strings.Join(names, "|"))
}

func keep(label, pattern string) map[string]any {
	return map[string]any{"source_labels": []string{label}, "regex": pattern, "action": "keep"}
}

func drop(label, pattern string) map[string]any {
	return map[string]any{"source_labels": []string{label}, "regex": pattern, "action": "drop"}
}

func copyTo(from, to string) map[string]any {
	return map[string]any{"source_labels": []string{from}, "target_label": to}
}

// copyIfSet copies a label unless it is empty.
func copyIfSet(from, to string) map[string]any {
	return map[string]any{"source_labels": []string{from}, "target_label": to, "regex": "(.+)"}
}
