package observability

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The unique ids of data sources in dashboards.
const (
	PrometheusUID = "prometheus"
	CloudWatchUID = "cloudwatch"
	LokiUID       = "loki"
)

// LogsDashboard is the dashboard that needs Loki.
const LogsDashboard = "logs.json"

// appDashboard shows the metrics of one application, cloudWatchDashboard one's load balancer, and the
// database.
const (
	appDashboard        = "app.json"
	cloudWatchDashboard = "cloudwatch.json"
)

// Names are the names of an environment's resources.
type Names struct {
	Apps []App
	// Database is the prefix of the identifiers of the RDS instances. Empty means that there are none:
	// then no dashboard shows any.
	Database string
	// Containers tells whether there are metrics of containers. Without them no dashboard shows any.
	Containers bool
}

// App is an application that a dashboard's viewers can choose.
type App struct {
	// Name is also the name of its namespace.
	Name string
	// LoadBalancer is the name of its ALB, empty if it has none.
	LoadBalancer string
	// Metrics tells whether it has metrics of its own.
	Metrics bool
}

// Dashboards returns Grafana's dashboards, as JSON, by file name. A dashboard that would show nothing is
// left out.
//
// None contains "${" or "%{", which Terraform would interpolate.
func Dashboards(names Names) map[string]string {
	all, measured, balanced := names.choices()
	dashboards := map[string]string{}
	for name, content := range read("dashboards") {
		applications := all
		if name == appDashboard {
			applications = measured
		}
		text, err := setVariables(content, names, map[string][]choice{
			"application":  applications,
			"balancername": balanced,
			"databasename": {{names.Database, names.Database}},
		})
		if err != nil {
			panic(fmt.Sprintf("dashboards/%s: %v", name, err))
		}
		dashboards[name] = text
	}
	if len(measured) == 0 {
		delete(dashboards, appDashboard)
	}
	if len(balanced) == 0 && names.Database == "" {
		delete(dashboards, cloudWatchDashboard)
	}
	return dashboards
}

// choice is a value of a variable, and the text that viewers see for it.
type choice struct{ text, value string }

// choices returns all applications, those that have metrics, and the load balancers of those that have one.
func (n Names) choices() (all, measured, balanced []choice) {
	for _, app := range n.Apps {
		all = append(all, choice{app.Name, app.Name})
		if app.Metrics {
			measured = append(measured, choice{app.Name, app.Name})
		}
		if app.LoadBalancer != "" {
			balanced = append(balanced, choice{app.Name, app.LoadBalancer})
		}
	}
	return all, measured, balanced
}

// setVariables gives a dashboard's variables their values. Viewers cannot change a constant. Of a custom
// variable they choose one value; the first is chosen at first.
//   - https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#add-a-constant-variable
//   - https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#add-a-custom-variable
func setVariables(content []byte, names Names, values map[string][]choice) (string, error) {
	var dashboard map[string]any
	if err := json.Unmarshal(content, &dashboard); err != nil {
		return "", err
	}
	if names.Database == "" {
		forgetRows(dashboard, "Database")
		forgetVariables(dashboard, "databasename", "instance")
	}
	if len(values["balancername"]) == 0 {
		forgetRows(dashboard, "Load balancer")
		forgetVariables(dashboard, "balancername", "balancer")
	}
	if !names.Containers {
		forgetRows(dashboard, "CPU", "Memory")
	}
	templating, _ := dashboard["templating"].(map[string]any)
	variables, _ := templating["list"].([]any)
	for _, v := range variables {
		variable, _ := v.(map[string]any)
		choices, known := values[fmt.Sprint(variable["name"])]
		switch {
		case known && len(choices) > 0:
			setVariable(variable, choices)
		case variable["type"] == "constant":
			return "", fmt.Errorf("the constant %v has no value", variable["name"])
		}
	}
	text, err := json.Marshal(dashboard)
	return string(text), err
}

func setVariable(variable map[string]any, choices []choice) {
	current := map[string]any{"text": choices[0].text, "value": choices[0].value}
	variable["current"] = current
	if variable["type"] == "constant" {
		variable["query"] = choices[0].value
		return
	}
	var queries []string
	var options []any
	for i, c := range choices {
		queries = append(queries, c.text+" : "+c.value)
		options = append(options, map[string]any{"text": c.text, "value": c.value, "selected": i == 0})
	}
	variable["query"], variable["options"] = strings.Join(queries, ","), options
}

func forgetVariables(dashboard map[string]any, names ...string) {
	templating, ok := dashboard["templating"].(map[string]any)
	if !ok {
		return
	}
	variables, _ := templating["list"].([]any)
	templating["list"] = slices.DeleteFunc(variables, func(v any) bool {
		variable, _ := v.(map[string]any)
		return slices.Contains(names, fmt.Sprint(variable["name"]))
	})
}

// forgetRows removes rows and the panels under them.
func forgetRows(dashboard map[string]any, titles ...string) {
	panels, _ := dashboard["panels"].([]any)
	under := false
	dashboard["panels"] = slices.DeleteFunc(panels, func(p any) bool {
		panel, _ := p.(map[string]any)
		if panel["type"] == "row" {
			under = slices.Contains(titles, fmt.Sprint(panel["title"]))
		}
		return under
	})
}
