package observability

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"plinth/observability"
)

// Without applications that have metrics nothing looks for pods, in all namespaces or any, and no rule or
// dashboard reads what they would tell. The rest is as valid as with them.
func TestWithoutMetrics(t *testing.T) {
	t.Parallel()
	o := newObserved(t)
	without, shown := agent, names
	without.Apps, without.Containers = nil, false
	shown.Apps, shown.Database, shown.Containers = []observability.App{{Name: "mailer"}}, "", false
	text, err := json.Marshal(without.Config())
	if err != nil {
		t.Fatal(err)
	}
	o.agent = nil
	if err := json.Unmarshal(text, &o.agent); err != nil {
		t.Fatal(err)
	}
	o.rules = observability.Rules(nil, false)
	o.dashboards = observability.Dashboards(shown)

	for _, config := range objects(o.agent["scrape_configs"]) {
		if config["job_name"] == "app" || config["kubernetes_sd_configs"] != nil {
			t.Errorf("Prometheus looks for targets: %v", config)
		}
	}
	for name, text := range o.rules {
		if strings.Contains(text, `job="app"`) || strings.Contains(text, "AppAbsent") {
			t.Errorf("rules/%s reads the metrics of applications", name)
		}
	}
	// Neither a load balancer nor a database.
	for _, name := range []string{"app.json", "cloudwatch.json"} {
		if o.dashboards[name] != "" {
			t.Errorf("%s shows nothing", name)
		}
	}
	for _, check := range []func(observed) []string{dashboardsValid, dataSources, tidy, variablesDefined, alertsExplained, groupsForAMP} {
		for _, broken := range check(o) {
			t.Error(broken)
		}
	}
}

// Of applications, one without metrics is expected to have none, and one without a load balancer is not
// among those whose load balancer a viewer can choose.
func TestApplicationsToChoose(t *testing.T) {
	t.Parallel()
	o := newObserved(t)
	for _, name := range []string{"mailer", "site"} {
		if text := fmt.Sprint(o.agent) + fmt.Sprint(o.rules); strings.Contains(text, name) {
			t.Errorf("%s has no metrics, and they are expected", name)
		}
	}
	for file, want := range map[string]string{
		"app.json":        "api : api,shop : shop",
		"logs.json":       "api : api,mailer : mailer,shop : shop,site : site",
		"cloudwatch.json": "api : plinth-dev-api,shop : plinth-dev-shop,site : plinth-dev-site",
	} {
		var query any
		for _, d := range o.allDashboards() {
			for _, variable := range d.variables() {
				if d.file == file && variable["label"] == "Application" {
					query = variable["query"]
				}
			}
		}
		if query != want {
			t.Errorf("%s: viewers choose from %v, want %s", file, query, want)
		}
	}
}
