package observability

import (
	"fmt"
	"slices"
	"strings"
)

// exported is a metric as it arrives in AMP.
type exported struct {
	job    string
	labels labelSet
}

// fromKubernetes are the metrics of others that are used, with all labels of each. Reviewed against
// their documentation: look up a metric that is missing here there first.
//
// https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics/workload
// https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md, and the kubelet's labels:
// https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/server/server.go (containerPrometheusLabelsFunc)
var fromKubernetes = map[string]struct{ job, labels string }{
	"kube_cronjob_next_schedule_time": {"kube-state-metrics", "namespace cronjob"},
	"kube_job_failed":                 {"kube-state-metrics", "namespace job_name condition"},

	"kube_deployment_spec_replicas":             {"kube-state-metrics", "namespace deployment"},
	"kube_deployment_status_replicas_available": {"kube-state-metrics", "namespace deployment"},

	"kube_horizontalpodautoscaler_spec_max_replicas":       {"kube-state-metrics", "namespace horizontalpodautoscaler"},
	"kube_horizontalpodautoscaler_spec_min_replicas":       {"kube-state-metrics", "namespace horizontalpodautoscaler"},
	"kube_horizontalpodautoscaler_status_condition":        {"kube-state-metrics", "namespace horizontalpodautoscaler condition status"},
	"kube_horizontalpodautoscaler_status_current_replicas": {"kube-state-metrics", "namespace horizontalpodautoscaler"},
	"kube_horizontalpodautoscaler_status_desired_replicas": {"kube-state-metrics", "namespace horizontalpodautoscaler"},

	"kube_pod_container_resource_limits":               {"kube-state-metrics", "namespace pod uid container node resource unit"},
	"kube_pod_container_resource_requests":             {"kube-state-metrics", "namespace pod uid container node resource unit"},
	"kube_pod_container_status_last_terminated_reason": {"kube-state-metrics", "namespace pod uid container reason"},
	"kube_pod_container_status_restarts_total":         {"kube-state-metrics", "namespace pod uid container"},
	"kube_pod_status_phase":                            {"kube-state-metrics", "namespace pod uid phase"},
	"kube_pod_status_ready":                            {"kube-state-metrics", "namespace pod uid condition"},

	"container_cpu_cfs_periods_total":           {"cadvisor", "namespace pod container id image name"},
	"container_cpu_cfs_throttled_periods_total": {"cadvisor", "namespace pod container id image name"},
	"container_cpu_usage_seconds_total":         {"cadvisor", "namespace pod container id image name cpu"},
	"container_memory_working_set_bytes":        {"cadvisor", "namespace pod container id image name"},
}

// targetLabels are the labels that a target adds to all of its metrics.
var targetLabels = map[string]string{
	"app":                "job instance namespace pod process",
	"kube-state-metrics": "job instance",
	"cadvisor":           "job instance",
}

// externalLabels are the labels that the agent adds to everything it writes.
const externalLabels = "cluster environment"

// exports are all scraped metrics, and up, by the name of their series.
func (o observed) exports() map[string]exported {
	all := map[string]exported{"up": {labels: newLabelSet("job instance", externalLabels)}}
	for name, metric := range fromKubernetes {
		all[name] = exported{metric.job, newLabelSet(metric.labels, targetLabels[metric.job], externalLabels)}
	}
	for line := range strings.Lines(o.metrics["metrics.txt"]) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			panic(fmt.Sprintf("observability/metrics.txt: %q", line))
		}
		add := func(suffix string, labels ...string) {
			all[fields[0]+suffix] = exported{"app", newLabelSet(append(labels, append(fields[2:], targetLabels["app"], externalLabels)...)...)}
		}
		switch fields[1] {
		case "histogram":
			add("_bucket", "le")
			add("_sum")
			add("_count")
		case "summary":
			add("", "quantile")
			add("_sum")
			add("_count")
		default:
			add("")
		}
	}
	return all
}

func demandedIsUsed(o observed) (broken []string) {
	read := o.read()
	for line := range strings.Lines(o.metrics["metrics.txt"]) {
		name := strings.Fields(line)[0]
		if !slices.ContainsFunc([]string{"", "_bucket", "_sum", "_count"}, func(suffix string) bool { return read.used[name+suffix] }) {
			broken = append(broken, fmt.Sprintf("observability/metrics.txt: %s, which nobody uses", name))
		}
	}
	return broken
}
