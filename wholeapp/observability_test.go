package wholeapp

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// watched are overrides that switch on everything that looks at applications.
var watched = []string{
	"PLINTH_ENVIRONMENTS=dev", "PLINTH_DEV_OBSERVABILITY_PROMETHEUS_ENABLED=true", "PLINTH_DEV_OBSERVABILITY_LOKI_ENABLED=true",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_ENABLED=true", "PLINTH_DEV_OBSERVABILITY_GRAFANA_DOMAIN=grafana.example.com",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_CERTIFICATE_ARN=arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_CLIENT_ID=grafana", "PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_AUTH_URL=https://login.example.com/auth",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_TOKEN_URL=https://login.example.com/token",
	"PLINTH_DEV_OBSERVABILITY_GRAFANA_OIDC_USER_INFO_URL=https://login.example.com/me",
}

// watchedPlatform is the sample dev with other applications and all observability.
func watchedPlatform(t *testing.T, apps string) platform {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join(samples, "dev.yaml"))
	assert.NilError(t, err)
	rest, _, found := strings.Cut(string(sample), "\napps:\n")
	assert.Assert(t, found)
	folder := t.TempDir()
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "dev.yaml"), []byte(rest+"\napps:\n"+apps), 0o600))
	return newPlatform(t, folder, watched...)
}

// named returns what the bodies of dev's observability have in a field, sorted.
func (p platform) named(kind, field string) []string {
	var names []string
	for _, e := range p.resources(kind) {
		if e.stack == "dev-observability" {
			names = append(names, fmt.Sprint(e.body[field]))
		}
	}
	slices.Sort(names)
	return names
}

// valuesOf returns the values of a release of dev's observability, as HCL.
func valuesOf(t *testing.T, p platform, release string) string {
	t.Helper()
	for _, e := range p.resources("helm_release") {
		if e.stack == "dev-observability" && e.body["name"] == release {
			return fmt.Sprint(e.body["values"])
		}
	}
	t.Fatalf("there is no release %s", release)
	return ""
}

// TestObservabilityOfApplications: each application has alarms of its own, about a load balancer only if it has
// one. Prometheus looks for those that have metrics, and expects nothing of the others. One is called like the
// database's alarms.
func TestObservabilityOfApplications(t *testing.T) {
	t.Parallel()
	p := watchedPlatform(t, `
  app: {image: {tag: 1.0.0}, web: {metrics: {port: 9090}}}
  database-primary: {image: {repository: public.ecr.aws/nginx/nginx-unprivileged, tag: 1.0.0}, database: false, web: {}}
  mailer: {image: {tag: 1.0.0}, workers: {sender: {}}, jobs: {report: {command: [node, report.js], schedule: "15 2 * * *"}}}
  shop: {image: {tag: 1.0.0}, web: {port: 3000, metrics: {port: 3000, path: /internal}}}
`)
	var want []string
	for app, has := range map[string]bool{"app": true, "database-primary": true, "mailer": false, "shop": true} {
		want = append(want, "plinth-dev-"+app+"-error-logs")
		if has {
			want = append(want, "plinth-dev-"+app+"-error-rate", "plinth-dev-"+app+"-latency", "plinth-dev-"+app+"-unhealthy-targets")
		}
	}
	want = append(want, "plinth-dev-pending-pods", "plinth-dev-database-primary-connections", "plinth-dev-database-primary-cpu", "plinth-dev-database-primary-storage")
	slices.Sort(want)
	assert.DeepEqual(t, p.named("aws_cloudwatch_metric_alarm", "alarm_name"), want)
	// Whatever an application is called, its alarms' names end unlike all others.
	ends := []string{"error-logs", "error-rate", "latency", "unhealthy-targets"}
	for _, end := range ends {
		for _, other := range slices.Concat(ends, []string{"pending-pods", "database-cpu", "database-connections", "database-storage", "database-lag"}) {
			assert.Assert(t, !strings.HasSuffix(other, "-"+end), "%s of an application could be another's %s", end, other)
		}
	}
	assert.DeepEqual(t, p.named("aws_cloudwatch_log_metric_filter", "name"),
		[]string{"plinth-dev-app-errors", "plinth-dev-database-primary-errors", "plinth-dev-mailer-errors", "plinth-dev-shop-errors"})
	for _, e := range p.resources("aws_cloudwatch_metric_alarm") {
		app, of := strings.CutSuffix(strings.TrimPrefix(fmt.Sprint(e.body["alarm_name"]), "plinth-dev-"), "-error-logs")
		if of && (e.body["namespace"] != "plinth/dev/"+app || !strings.Contains(fmt.Sprint(e.body["alarm_description"]), "./plinth logs dev "+app+",")) {
			t.Errorf("%s counts the lines of %v: %v", e, e.body["namespace"], e.body["alarm_description"])
		}
	}
	var balancers []string
	for _, body := range dig(p.stacks["dev-observability"], "data", "aws_lb").(object) {
		balancers = append(balancers, fmt.Sprint(body.(object)["name"]))
	}
	slices.Sort(balancers)
	assert.DeepEqual(t, balancers, []string{"plinth-dev-app", "plinth-dev-database-primary", "plinth-dev-shop"})

	prometheus := valuesOf(t, p, "prometheus")
	for _, text := range []string{`"names" = ["app", "shop"]`, `\"namespace\":\"app\"`, `\"namespace\":\"shop\"`} {
		assert.Assert(t, strings.Contains(prometheus, text), "no %s in %s", text, prometheus)
	}
	for _, app := range []string{"database-primary", "mailer"} {
		assert.Assert(t, !strings.Contains(prometheus, app), "Prometheus looks for %s: %s", app, prometheus)
	}
	for _, e := range p.resources("aws_prometheus_rule_group_namespace") {
		rules := fmt.Sprint(e.body["data"])
		if absent := e.body["name"] == "absent"; absent {
			assert.Equal(t, strings.Count(rules, "alert: AppAbsent"), 2)
		}
		for _, app := range []string{"database-primary", "mailer", "APPLICATION"} {
			assert.Assert(t, !strings.Contains(rules, app), "%s expects metrics of %s", e, app)
		}
	}
	assert.DeepEqual(t, podsReached(p), []string(nil))
	state := valuesOf(t, p, "kube-state-metrics")
	assert.Assert(t, strings.Contains(state, `"namespaces" = "app,database-primary,mailer,shop,aws-load-balancer-controller,`), state)
	logs := valuesOf(t, p, "pod-logs")
	assert.Assert(t, strings.Contains(logs, `"namespaces" = ["app", "database-primary", "mailer", "shop"]`), logs)
}

// TestObservabilityWithoutWeb: without any load balancer and metrics of applications all else is there.
func TestObservabilityWithoutWeb(t *testing.T) {
	t.Parallel()
	p := watchedPlatform(t, "  mailer: {image: {tag: 1.0.0}, workers: {sender: {}}}\n")
	assert.DeepEqual(t, p.named("aws_prometheus_rule_group_namespace", "name"), []string{"pods", "scrape"})
	assert.Assert(t, dig(p.stacks["dev-observability"], "data", "aws_lb") == nil)
	prometheus := valuesOf(t, p, "prometheus")
	assert.Assert(t, strings.Contains(prometheus, `"job_name" = "kube-state-metrics"`) && !strings.Contains(prometheus, `"job_name" = "app"`), prometheus)
	assert.Assert(t, !strings.Contains(prometheus, `\"kind\":\"Role\"`), prometheus)
	assert.DeepEqual(t, podsReached(p), []string(nil))
	for _, e := range p.resources("kubernetes_config_map_v1") {
		if e.stack == "dev-observability" {
			assert.DeepEqual(t, slices.Sorted(maps.Keys(e.body["data"].(object))), []string{"cloudwatch.json", "logs.json", "pods.json"})
		}
	}
}
