package observability

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"plinth/observability"
)

type object = map[string]any

// observed is the input of Prometheus, AMP and Grafana, and the metrics that the application exports.
type observed struct {
	rules, dashboards, metrics map[string]string
	agent                      object
}

var agent = observability.Agent{
	Apps: []string{"api", "shop"}, Environment: "dev", Cluster: "plinth-dev", ScrapeIntervalSeconds: 30, Region: "eu-west-2",
	Containers:     true,
	RemoteWriteURL: "https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/ws-1/api/v1/remote_write",
}

// names are those of four applications: two have no metrics, one no load balancer.
var names = observability.Names{
	Apps: []observability.App{
		{Name: "api", Metrics: true, LoadBalancer: "plinth-dev-api"},
		{Name: "mailer"},
		{Name: "shop", Metrics: true, LoadBalancer: "plinth-dev-shop"},
		{Name: "site", LoadBalancer: "plinth-dev-site"},
	},
	Database: "plinth-dev-postgres", Containers: true,
}

func newObserved(t *testing.T) observed {
	t.Helper()
	metrics, err := os.ReadFile("../../observability/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	o := observed{
		rules:      observability.Rules(agent.Apps, agent.Containers),
		dashboards: observability.Dashboards(names),
		metrics:    map[string]string{"metrics.txt": string(metrics)},
	}
	text, err := json.Marshal(agent.Config())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &o.agent); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o observed) clone(t *testing.T) observed {
	t.Helper()
	copied := newObserved(t)
	copied.rules, copied.dashboards, copied.metrics = maps.Clone(o.rules), maps.Clone(o.dashboards), maps.Clone(o.metrics)
	return copied
}

// rule is a recording rule or an alert.
type rule struct {
	File        string            `yaml:"-"`
	Record      string            `yaml:"record"`
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func (r rule) String() string {
	return fmt.Sprintf("rules/%s.yaml: %s", r.File, r.Record+strings.Join(slices.DeleteFunc([]string{r.Alert, r.Labels["severity"]}, func(s string) bool { return s == "" }), "/"))
}

type group struct {
	File     string `yaml:"-"`
	Name     string `yaml:"name"`
	Interval string `yaml:"interval"`
	Rules    []rule `yaml:"rules"`
}

// groups returns the rules in the order in which they are evaluated.
func (o observed) groups() (groups []group) {
	for _, file := range slices.Sorted(maps.Keys(o.rules)) {
		var content struct {
			Groups []group `yaml:"groups"`
		}
		if err := yaml.Unmarshal([]byte(o.rules[file]), &content); err != nil {
			panic(err)
		}
		for _, g := range content.Groups {
			g.File = file
			for i := range g.Rules {
				g.Rules[i].File = file
			}
			groups = append(groups, g)
		}
	}
	return groups
}

func (o observed) allRules() (rules []rule) {
	for _, g := range o.groups() {
		rules = append(rules, g.Rules...)
	}
	return rules
}

// dashboard is the JSON of one dashboard.
type dashboard struct {
	file string
	body object
}

func (o observed) allDashboards() (dashboards []dashboard) {
	for _, file := range slices.Sorted(maps.Keys(o.dashboards)) {
		var body object
		if err := json.Unmarshal([]byte(o.dashboards[file]), &body); err != nil {
			panic(err)
		}
		dashboards = append(dashboards, dashboard{file, body})
	}
	return dashboards
}

func (d dashboard) panels() []object { return objects(d.body["panels"]) }

func (d dashboard) variables() []object {
	templating, _ := d.body["templating"].(object)
	return objects(templating["list"])
}

func objects(list any) (all []object) {
	items, _ := list.([]any)
	for _, item := range items {
		if body, is := item.(object); is {
			all = append(all, body)
		}
	}
	return all
}

// query is the query of a panel.
type query struct {
	where, expr, legend string
}

// queries returns the queries to the data source with a uid.
func (o observed) queries(uid string) (queries []query) {
	for _, d := range o.allDashboards() {
		for _, panel := range d.panels() {
			for _, target := range objects(panel["targets"]) {
				source, _ := target["datasource"].(object)
				if source["uid"] != uid {
					continue
				}
				legend, _ := target["legendFormat"].(string)
				queries = append(queries, query{fmt.Sprintf("dashboards/%s: %s: %s", d.file, panel["title"], target["refId"]), fmt.Sprint(target["expr"]), legend})
			}
		}
	}
	return queries
}

// interval matches Grafana's variables for durations.
var interval = regexp.MustCompile(`\$__(rate_interval|interval|range)\b`)

func parse(text string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(interval.ReplaceAllString(text, "5m"))
}
