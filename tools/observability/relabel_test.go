package observability

import (
	"maps"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"
)

func relabeled(t *testing.T, rules any, from map[string]string) (labels.Labels, bool) {
	t.Helper()
	text, err := yaml.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	var configs []*relabel.Config
	if err := yaml.Unmarshal(text, &configs); err != nil {
		t.Fatal(err)
	}
	for _, config := range configs {
		config.NameValidationScheme = model.UTF8Validation
		if err := config.Validate(model.UTF8Validation); err != nil {
			t.Fatal(err)
		}
	}
	builder := labels.NewBuilder(labels.FromMap(from))
	kept := relabel.ProcessBuilder(builder, configs...)
	return builder.Labels(), kept
}

// The meta labels of the Kubernetes API are those in Prometheus' documentation.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
func TestTargets(t *testing.T) {
	t.Parallel()
	pod := map[string]string{
		"__address__": "10.0.0.7:9090", "__meta_kubernetes_namespace": "shop", "__meta_kubernetes_pod_name": "shop-1",
		"__meta_kubernetes_pod_phase": "Running", "__meta_kubernetes_pod_ready": "false",
		"__meta_kubernetes_pod_container_port_name": "metrics", "__meta_kubernetes_pod_container_port_number": "9090",
		"__meta_kubernetes_pod_annotation_prometheus_io_port": "9090", "__meta_kubernetes_pod_annotation_prometheus_io_path": "/metrics",
		"__meta_kubernetes_pod_label_app_kubernetes_io_component": "web", "__metrics_path__": "/metrics",
	}
	with := func(from map[string]string, name, value string) map[string]string {
		changed := maps.Clone(from)
		changed[name] = value
		return changed
	}
	without := func(from map[string]string, names ...string) map[string]string {
		changed := maps.Clone(from)
		for _, name := range names {
			delete(changed, name)
		}
		return changed
	}
	const (
		port, path = "__meta_kubernetes_pod_annotation_prometheus_io_port", "__meta_kubernetes_pod_annotation_prometheus_io_path"
		component  = "__meta_kubernetes_pod_label_app_kubernetes_io_component"
	)
	// The metrics are on the port for the load balancer, which has another name.
	spring := map[string]string{
		"__address__": "10.0.0.8:3000", "__meta_kubernetes_namespace": "api", "__meta_kubernetes_pod_name": "api-1",
		"__meta_kubernetes_pod_phase": "Running", "__meta_kubernetes_pod_container_port_name": "http", "__meta_kubernetes_pod_container_port_number": "3000",
		port: "3000", path: "/actuator/prometheus", "__metrics_path__": "/metrics",
	}
	node := map[string]string{
		"__address__": "10.0.0.7:10250", "__metrics_path__": "/metrics", "__meta_kubernetes_node_name": "fargate-ip-10-0-0-7.eu-west-2.compute.internal",
	}
	o := newObserved(t)
	for name, test := range map[string]struct {
		job  string
		from map[string]string
		// nil means that it is not a target.
		want map[string]string
	}{
		"a pod that is not ready": {"app", pod, map[string]string{
			"__address__": "10.0.0.7:9090", "__metrics_path__": "/metrics", "namespace": "shop", "pod": "shop-1", "process": "web",
		}},
		"metrics on the port for users": {"app", spring, map[string]string{
			"__address__": "10.0.0.8:3000", "__metrics_path__": "/actuator/prometheus", "namespace": "api", "pod": "api-1", "process": "web",
		}},
		"without a path":      {"app", without(pod, path), map[string]string{"__metrics_path__": "/metrics"}},
		"without a component": {"app", without(pod, component), map[string]string{"process": "web"}},
		"a worker":            {"app", with(pod, component, "mailer"), map[string]string{"process": "mailer"}},
		"its port for users":  {"app", with(pod, "__meta_kubernetes_pod_container_port_number", "8080"), nil},
		"without metrics":     {"app", without(pod, port, path), nil},
		// Of a container without ports there is one target without a port.
		"without metrics and ports":     {"app", without(pod, port, path, "__meta_kubernetes_pod_container_port_number"), nil},
		"one that waits for its secret": {"app", with(pod, "__meta_kubernetes_pod_phase", "Pending"), nil},
		"one that has ended":            {"app", with(pod, "__meta_kubernetes_pod_phase", "Succeeded"), nil},
		"a node": {"cadvisor", node, map[string]string{
			"__address__":      "kubernetes.default.svc:443",
			"__metrics_path__": "/api/v1/nodes/fargate-ip-10-0-0-7.eu-west-2.compute.internal/proxy/metrics/cadvisor",
			"instance":         "fargate-ip-10-0-0-7.eu-west-2.compute.internal",
		}},
	} {
		got, kept := relabeled(t, scrape(o, test.job)["relabel_configs"], test.from)
		if kept != (test.want != nil) {
			t.Errorf("%s: kept is %t", name, kept)
		}
		for label, value := range test.want {
			if got.Get(label) != value {
				t.Errorf("%s: %s is %q, want %q", name, label, got.Get(label), value)
			}
		}
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	o := newObserved(t)
	remote := objects(o.agent["remote_write"])[0]["write_relabel_configs"]
	container := func(name string) map[string]string {
		return map[string]string{"__name__": "container_memory_working_set_bytes", "container": name}
	}
	series := func(name string) map[string]string { return map[string]string{"__name__": name} }
	for name, test := range map[string]struct {
		rules any
		from  map[string]string
		kept  bool
	}{
		"a container":                {scrape(o, "cadvisor")["metric_relabel_configs"], container("app"), true},
		"a pod as a whole":           {scrape(o, "cadvisor")["metric_relabel_configs"], container(""), false},
		"what holds a pod's network": {scrape(o, "cadvisor")["metric_relabel_configs"], container("POD"), false},
		"what nobody reads":          {scrape(o, "cadvisor")["metric_relabel_configs"], series("container_fs_reads_total"), false},
		"more than a name":           {scrape(o, "kube-state-metrics")["metric_relabel_configs"], series("kube_pod_status_phase_more"), false},
		"a gauge of Kubernetes":      {scrape(o, "kube-state-metrics")["metric_relabel_configs"], series("kube_job_failed"), true},
		"a counter of the sample":    {scrape(o, "app")["metric_relabel_configs"], series("http_requests_total"), true},
		"a gauge of Node.js":         {scrape(o, "app")["metric_relabel_configs"], series("nodejs_eventloop_lag_seconds"), true},
		"a gauge of Spring Boot":     {scrape(o, "app")["metric_relabel_configs"], series("jvm_memory_used_bytes"), true},
		"whether a target answers":   {remote, series("up"), true},
		"how long that took":         {remote, series("scrape_duration_seconds"), false},
	} {
		if _, kept := relabeled(t, test.rules, test.from); kept != test.kept {
			t.Errorf("%s: kept is %t", name, kept)
		}
	}
}
