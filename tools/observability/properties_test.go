package observability

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/prometheus/promql/parser"

	"plinth/observability"
)

// properties hold for all input of Prometheus and Grafana. Each check returns the violations; spoil
// breaks something on purpose to prove that the check notices.
var properties = []struct {
	name  string
	check func(o observed) []string
	spoil map[string]func(o observed)
}{
	{
		"expressions find what there is", func(o observed) []string { return o.read().broken },
		map[string]func(o observed){
			"a syntax error in a rule":                    edit(rulesOf("app"), "namespace, process) (", "namespace, process) (("),
			"a syntax error in a dashboard":               edit(dashboardOf("app"), `sum(up{`, `sum(up{{`),
			"a metric that nobody exports":                edit(dashboardOf("app"), "go_goroutines{", "go_goroutine{"),
			"a metric of kube-state-metrics that is none": edit(rulesOf("pods"), "kube_pod_status_phase{", "kube_pod_phase{"),
			"a record that there is not":                  edit(rulesOf("app"), "record: pod_pool:database_pool_connections_in_use:ratio_avg5m", "record: pod_pool:database_pool_connections_in_use:ratio"),
			"a record that there is twice":                edit(rulesOf("app"), "record: job:http_requests:rate30m", "record: job:http_requests:rate5m"),
			"a record of another file":                    edit(rulesOf("containers"), "namespace_pod_container:container_memory_working_set_bytes:limit_ratio > 0.9", "job:http_requests:rate5m > 0.9"),
			"a matcher without its label":                 edit(rulesOf("pods"), `phase="Pending"`, `state="Pending"`),
			"a label that only the app's targets have":    edit(rulesOf("scrape"), `up{job="kube-state-metrics"}`, `up{job="kube-state-metrics", namespace="shop"}`),
			"the wrong job":                               edit(rulesOf("containers"), `container_memory_working_set_bytes{job="cadvisor"}`, `container_memory_working_set_bytes{job="kubelet"}`),
			"a grouping without its label":                edit(rulesOf("pods"), "sum by (cluster, environment, namespace, pod, container) (increase(", "sum by (cluster, environment, namespace, pod, container_name) (increase("),
			"two sides that never match":                  edit(rulesOf("containers"), "max by (cluster, environment, namespace, pod, container) (kube_pod", "max by (cluster, environment, namespace, pod) (kube_pod"),
			"buckets that were added up":                  edit(rulesOf("app"), "sum without (handler) (handler_le", "sum without (handler, le) (handler_le"),
			"an annotation without its label":             edit(rulesOf("pods"), "{{ $labels.deployment }}", "{{ $labels.name }}"),
			"a legend without its label":                  edit(dashboardOf("pods"), `"legendFormat":"{{namespace}}/{{deployment}}"`, `"legendFormat":"{{namespace}}/{{name}}"`),
			"a metric that the application has no more":   func(o observed) { delete(o.rules, "app") },
		},
	},
	{
		"a job keeps what is used and nothing else", keptIsUsed,
		map[string]func(o observed){
			"one too many":          func(o observed) { keepToo(o, "kube-state-metrics", "kube_pod_info") },
			"one not used any more": edit(dashboardOf("pods"), "kube_pod_status_ready{", "kube_pod_status_phase{"),
			"one too few": func(o observed) {
				rule := objects(scrape(o, "kube-state-metrics")["metric_relabel_configs"])[0]
				rule["regex"] = strings.Replace(rule["regex"].(string), "|kube_job_failed", "", 1)
			},
			"applications without a limit": func(o observed) { delete(scrape(o, "app"), "sample_limit") },
			"of another job": func(o observed) {
				keepToo(o, "cadvisor", "go_threads")
			},
		},
	},
	{
		"the application must export what is used and nothing else", demandedIsUsed,
		map[string]func(o observed){
			"one too many":          edit(demanded, "go_threads gauge\n", "go_threads gauge\ngo_info gauge version\n"),
			"one not used any more": edit(dashboardOf("app"), "go_threads{", "go_goroutines{"),
		},
	},
	{
		"every record is used and tells its level", recordsUsed,
		map[string]func(o observed){
			"one that nobody reads": edit(rulesOf("app"), "      - record: job:http_requests:rate5m\n", "      - record: job:http_requests:rate1m\n        expr: sum(up)\n      - record: job:http_requests:rate5m\n"),
			"one without a level":   edit(rulesOf("app"), "record: job:http_requests:rate6h", "record: http_requests_rate6h"),
		},
	},
	{
		"every alert says how bad it is and what to do", alertsExplained,
		map[string]func(o observed){
			"no severity":         edit(rulesOf("absent"), "          severity: critical\n", ""),
			"a severity of one's": edit(rulesOf("absent"), "severity: critical", "severity: page"),
			"no description":      edit(rulesOf("app"), "          description: >-\n", "          details: >-\n"),
			"no summary":          edit(rulesOf("app"), "          summary: \"{{ $labels.namespace }}'s", "          title: \"{{ $labels.namespace }}'s"),
			"another's runbook":   edit(rulesOf("app"), "#appslow", "#apperrors"),
		},
	},
	{
		"groups are what AMP takes", groupsForAMP,
		map[string]func(o observed){
			"no interval":    edit(rulesOf("pods"), "    interval: 1m\n", ""),
			"too many rules": edit(rulesOf("pods"), "    rules:\n", "    rules:\n"+strings.Repeat("      - record: a:b:c\n        expr: sum(up)\n", mostRules)),
		},
	},
	{
		"dashboards are what Grafana reads", dashboardsValid,
		map[string]func(o observed){
			"a field of another name": edit(dashboardOf("app"), `"legendFormat"`, `"legend"`),
			"a field that is missing": edit(dashboardOf("cloudwatch"), `"calcs":[],`, ``),
		},
	},
	{
		"dashboards read the three data sources, and Loki only where it may be missing", dataSources,
		map[string]func(o observed){
			"another":                edit(dashboardOf("pods"), `"uid":"prometheus"`, `"uid":"amp"`),
			"another type":           edit(dashboardOf("cloudwatch"), `"type":"cloudwatch"`, `"type":"prometheus"`),
			"Loki beside Prometheus": edit(dashboardOf("app"), `{"type":"prometheus","uid":"prometheus"}`, `{"type":"loki","uid":"loki"}`),
			"none":                   edit(dashboardOf("logs"), `"datasource":{"type":"loki","uid":"loki"},`, ``),
		},
	},
	{
		"dashboards are tidy", tidy,
		map[string]func(o observed){
			"the same uid":   edit(dashboardOf("pods"), `"plinth-pods"`, `"plinth-app"`),
			"the same id":    edit(dashboardOf("pods"), `"id":2,`, `"id":1,`),
			"an overlap":     edit(dashboardOf("pods"), `"x":6,`, `"x":0,`),
			"beyond the end": edit(dashboardOf("pods"), `"x":18,`, `"x":20,`),
			"no title":       edit(dashboardOf("pods"), `"title":"Throttled"`, `"title":""`),
		},
	},
	{
		"dashboards define the variables that they use", variablesDefined,
		map[string]func(o observed){
			"one that there is not":  edit(dashboardOf("cloudwatch"), `"$instance"`, `"$database"`),
			"one that nobody uses":   edit(dashboardOf("pods"), `$namespace`, `shop`),
			"a constant without one": edit(dashboardOf("cloudwatch"), `"query":"plinth-dev-postgres"`, `"query":""`),
			"nothing to choose":      edit(dashboardOf("logs"), `"query":"api : api,mailer : mailer,shop : shop,site : site"`, `"query":""`),
		},
	},
	{
		"logs are asked for by labels that they have", logSelectors,
		map[string]func(o observed){
			"another label":  edit(dashboardOf("logs"), `{namespace=`, `{kubernetes_namespace=`),
			"a typing error": edit(dashboardOf("logs"), `level=~\"$level\"}`, `level=~\"$level\"`),
		},
	},
	{
		"nothing is Terraform's to fill in", notTerraform,
		map[string]func(o observed){
			"in a rule":      edit(rulesOf("app"), "{{ $labels.namespace }}'s", "${name}'s"),
			"in a dashboard": edit(dashboardOf("logs"), `$search`, `${search}`),
			"in the agent's": func(o observed) { scrape(o, "cadvisor")["job_name"] = "%{if true}" },
		},
	},
}

func TestProperties(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	real := newObserved(t)
	for _, property := range properties {
		t.Run(property.name, func(t *testing.T) {
			for _, violation := range property.check(real) {
				t.Error(violation)
			}
			for name, spoil := range property.spoil {
				broken := real.clone(t)
				spoil(broken)
				if len(property.check(broken)) == 0 {
					t.Errorf("%s passes", name)
				}
			}
		})
	}
}

// place returns the set of files that contains a file, and its name there.
type place func(o observed) (files map[string]string, name string)

func rulesOf(name string) place {
	return func(o observed) (map[string]string, string) { return o.rules, name }
}

func dashboardOf(name string) place {
	return func(o observed) (map[string]string, string) { return o.dashboards, name + ".json" }
}

func demanded(o observed) (map[string]string, string) { return o.metrics, "metrics.txt" }

// edit replaces a text everywhere in a file, and panics if the file lacks it.
func edit(at place, from, to string) func(o observed) {
	return func(o observed) {
		files, name := at(o)
		if !strings.Contains(files[name], from) {
			panic(fmt.Sprintf("%s has no %q to spoil", name, from))
		}
		files[name] = strings.ReplaceAll(files[name], from, to)
	}
}

// scrape returns the configuration of a job.
func scrape(o observed, job string) object {
	for _, config := range objects(o.agent["scrape_configs"]) {
		if config["job_name"] == job {
			return config
		}
	}
	panic("no job " + job)
}

func keepToo(o observed, job, metric string) {
	rule := objects(scrape(o, job)["metric_relabel_configs"])[0]
	rule["regex"] = rule["regex"].(string) + "|" + metric
}

func keptIsUsed(o observed) (broken []string) {
	read := o.read()
	kept := map[string]string{}
	for _, config := range objects(o.agent["scrape_configs"]) {
		job := config["job_name"].(string)
		if job == "app" && config["metric_relabel_configs"] == nil && config["sample_limit"] != nil {
			continue // whatever applications have, up to a limit
		}
		rules := objects(config["metric_relabel_configs"])
		if len(rules) == 0 || fmt.Sprint(rules[0]["source_labels"]) != "[__name__]" || rules[0]["action"] != "keep" {
			broken = append(broken, job+": keeps every metric, without a limit")
			continue
		}
		rule := rules[0]
		for name := range strings.SplitSeq(rule["regex"].(string), "|") {
			kept[name] = job
			if read.known[name].job != job {
				broken = append(broken, fmt.Sprintf("%s: keeps %s, which it does not export", job, name))
			}
			if !read.used[name] {
				broken = append(broken, fmt.Sprintf("%s: keeps %s, which nobody uses", job, name))
			}
		}
	}
	for name := range read.used {
		if job := read.known[name].job; job != "" && job != "app" && kept[name] != job {
			broken = append(broken, fmt.Sprintf("%s: does not keep %s", job, name))
		}
	}
	return broken
}

// recordName is level:metric:operations.
// https://prometheus.io/docs/practices/rules/
var recordName = regexp.MustCompile(`^[a-z_]+:[a-z_]+:[a-z0-9_]+$`)

func recordsUsed(o observed) (broken []string) {
	read := o.read()
	for _, rule := range o.allRules() {
		if rule.Record == "" {
			continue
		}
		if !read.used[rule.Record] {
			broken = append(broken, fmt.Sprintf("%s: nobody uses it", rule))
		}
		if !recordName.MatchString(rule.Record) {
			broken = append(broken, fmt.Sprintf("%s: is no level:metric:operations", rule))
		}
	}
	return broken
}

func alertsExplained(o observed) (broken []string) {
	for _, rule := range o.allRules() {
		if rule.Alert == "" {
			continue
		}
		if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
			broken = append(broken, fmt.Sprintf("%s: its severity is %q", rule, severity))
		}
		for _, name := range []string{"summary", "description"} {
			if rule.Annotations[name] == "" {
				broken = append(broken, fmt.Sprintf("%s: has no %s", rule, name))
			}
		}
		if want := "docs/runbook.md#" + strings.ToLower(rule.Alert); rule.Annotations["runbook"] != want {
			broken = append(broken, fmt.Sprintf("%s: its runbook is not %s", rule, want))
		}
	}
	return broken
}

// mostRules is AMP's quota of rules in a group.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
const mostRules = 20

func groupsForAMP(o observed) (broken []string) {
	for _, g := range o.groups() {
		if g.Interval != "1m" {
			broken = append(broken, fmt.Sprintf("rules/%s.yaml: %s: is not evaluated every minute", g.File, g.Name))
		}
		if len(g.Rules) > mostRules {
			broken = append(broken, fmt.Sprintf("rules/%s.yaml: %s: %d rules, at most %d can be", g.File, g.Name, len(g.Rules), mostRules))
		}
	}
	return broken
}

func dashboardsValid(o observed) (broken []string) {
	for name, text := range o.dashboards {
		var d grafana.Dashboard //nolint:staticcheck // its successor is for files of another kind
		var problems cog.BuildErrors
		if err := d.UnmarshalJSONStrict([]byte(text)); errors.As(err, &problems) {
			for _, problem := range problems {
				broken = append(broken, fmt.Sprintf("dashboards/%s: %v", name, problem))
			}
		} else if err != nil {
			broken = append(broken, fmt.Sprintf("dashboards/%s: %v", name, err))
		}
		if err := d.Validate(); err != nil {
			broken = append(broken, fmt.Sprintf("dashboards/%s: %v", name, err))
		}
	}
	return broken
}

func dataSources(o observed) (broken []string) {
	types := map[any]string{
		observability.PrometheusUID: "prometheus", observability.CloudWatchUID: "cloudwatch", observability.LokiUID: "loki",
	}
	for _, d := range o.allDashboards() {
		check := func(what string, at object) {
			source, _ := at["datasource"].(object)
			kind, known := types[source["uid"]]
			if !known || source["type"] != kind {
				broken = append(broken, fmt.Sprintf("dashboards/%s: %s: its data source is %v", d.file, what, source))
			}
			if (kind == "loki") != (d.file == observability.LogsDashboard) {
				broken = append(broken, fmt.Sprintf("dashboards/%s: %s: asks %s", d.file, what, kind))
			}
		}
		for _, panel := range d.panels() {
			if panel["type"] == "row" {
				continue
			}
			title := fmt.Sprint(panel["title"])
			check(title, panel)
			for _, target := range objects(panel["targets"]) {
				check(title, target)
			}
		}
		for _, variable := range d.variables() {
			if variable["type"] == "query" {
				check(fmt.Sprint(variable["name"]), variable)
			}
		}
	}
	return broken
}

func tidy(o observed) (broken []string) {
	const columns = 24
	uids := map[string]string{}
	for _, d := range o.allDashboards() {
		uid := fmt.Sprint(d.body["uid"])
		if other, taken := uids[uid]; taken {
			broken = append(broken, fmt.Sprintf("dashboards/%s: has the uid of %s", d.file, other))
		}
		uids[uid] = d.file
		ids, cells := map[any]bool{}, map[[2]int]any{}
		for _, panel := range d.panels() {
			title := panel["title"]
			if title == "" || ids[panel["id"]] {
				broken = append(broken, fmt.Sprintf("dashboards/%s: %q: panel %v has no title, or another's id", d.file, title, panel["id"]))
			}
			ids[panel["id"]] = true
			at := panel["gridPos"].(object)
			x, y, w, h := int(at["x"].(float64)), int(at["y"].(float64)), int(at["w"].(float64)), int(at["h"].(float64))
			if x+w > columns {
				broken = append(broken, fmt.Sprintf("dashboards/%s: %q: is too far to the right", d.file, title))
			}
			for cell := range w * h {
				place := [2]int{x + cell%w, y + cell/w}
				if other, taken := cells[place]; taken {
					broken = append(broken, fmt.Sprintf("dashboards/%s: %q: lies on %q", d.file, title, other))
					break
				}
				cells[place] = title
			}
		}
	}
	return broken
}

// variableName matches a variable in a query; Grafana's own begin with two underscores.
var variableName = regexp.MustCompile(`\$([a-z]\w*)`)

func variablesDefined(o observed) (broken []string) {
	for _, d := range o.allDashboards() {
		defined, used := map[string]bool{}, map[string]bool{}
		for _, variable := range d.variables() {
			defined[fmt.Sprint(variable["name"])] = true
			if (variable["type"] == "constant" || variable["type"] == "custom") && variable["query"] == "" {
				broken = append(broken, fmt.Sprintf("dashboards/%s: $%v has no value", d.file, variable["name"]))
			}
		}
		for _, match := range variableName.FindAllStringSubmatch(o.dashboards[d.file], -1) {
			used[match[1]] = true
		}
		if !maps.Equal(defined, used) {
			broken = append(broken, fmt.Sprintf("dashboards/%s: defines %v, uses %v", d.file, slices.Sorted(maps.Keys(defined)), slices.Sorted(maps.Keys(used))))
		}
	}
	return broken
}

// logLabels are the labels of pods' log lines: see ../../charts/pod-logs.
var logLabels = newLabelSet("namespace pod container app process level")

// logSelectors checks the braces, where Loki's language is the same as Prometheus'.
// https://grafana.com/docs/loki/latest/query/log_queries/#log-stream-selector
func logSelectors(o observed) (broken []string) {
	braces := regexp.MustCompile(`{[^}]*}?`)
	for _, query := range o.queries(observability.LokiUID) {
		found := braces.FindAllString(query.expr, -1)
		if len(found) == 0 {
			broken = append(broken, fmt.Sprintf("%s: selects nothing: %s", query.where, query.expr))
		}
		for _, selector := range found {
			matchers, err := parser.NewParser(parser.Options{}).ParseMetricSelector(selector)
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s: %v", query.where, err))
			}
			for _, matcher := range matchers {
				if !logLabels[matcher.Name] {
					broken = append(broken, fmt.Sprintf("%s: log lines have no label %s, only %s", query.where, matcher.Name, logLabels))
				}
			}
		}
	}
	return broken
}

func notTerraform(o observed) (broken []string) {
	texts := map[string]string{"the agent's configuration": fmt.Sprint(o.agent)}
	maps.Copy(texts, o.rules)
	maps.Copy(texts, o.dashboards)
	for name, text := range texts {
		if strings.Contains(text, "${") || strings.Contains(text, "%{") {
			broken = append(broken, name+`: holds "${" or "%{"`)
		}
	}
	return broken
}
