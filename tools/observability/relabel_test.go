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
		"__meta_kubernetes_pod_phase": "Running", "__meta_kubernetes_pod_ready": "false", "__meta_kubernetes_pod_container_port_name": "metrics",
	}
	with := func(from map[string]string, name, value string) map[string]string {
		changed := maps.Clone(from)
		changed[name] = value
		return changed
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
		"a pod that is not ready":       {"app", pod, map[string]string{"__address__": "10.0.0.7:9090", "namespace": "shop", "pod": "shop-1"}},
		"its port for users":            {"app", with(pod, "__meta_kubernetes_pod_container_port_name", "http"), nil},
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
		"more than a name":           {scrape(o, "app")["metric_relabel_configs"], series("http_requests_total_more"), false},
		"a counter":                  {scrape(o, "app")["metric_relabel_configs"], series("http_requests_total"), true},
		"whether a target answers":   {remote, series("up"), true},
		"how long that took":         {remote, series("scrape_duration_seconds"), false},
	} {
		if _, kept := relabeled(t, test.rules, test.from); kept != test.kept {
			t.Errorf("%s: kept is %t", name, kept)
		}
	}
}
