package observability

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The unique ids of data sources in dashboards.
const (
	PrometheusUID = "prometheus"
	CloudWatchUID = "cloudwatch"
	LokiUID       = "loki"
)

// LogsDashboard is the dashboard that needs Loki.
const LogsDashboard = "logs.json"

// Names are the names of an environment's resources.
type Names struct {
	// App is the application's name, which is also its namespace's.
	App string
	// LoadBalancer is the name of the application's ALB.
	LoadBalancer string
	// Database is the prefix of the identifiers of the RDS instances. Empty means that there are none:
	// then no dashboard shows any.
	Database string
	// Containers tells whether there are metrics of containers. Without them no dashboard shows any.
	Containers bool
}

// Dashboards returns Grafana's dashboards, as JSON, by file name.
//
// None contains "${" or "%{", which Terraform would interpolate.
func Dashboards(names Names) map[string]string {
	constants := map[string]string{
		"namespace":    names.App,
		"balancername": names.LoadBalancer,
		"databasename": names.Database,
	}
	dashboards := map[string]string{}
	for name, content := range read("dashboards") {
		text, err := setConstants(content, constants, names.Containers)
		if err != nil {
			panic(fmt.Sprintf("dashboards/%s: %v", name, err))
		}
		dashboards[name] = text
	}
	return dashboards
}

// setConstants gives a dashboard's constants their values. A constant is a variable that viewers of the
// dashboard cannot change.
// https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#add-a-constant-variable
func setConstants(content []byte, values map[string]string, containers bool) (string, error) {
	var dashboard map[string]any
	if err := json.Unmarshal(content, &dashboard); err != nil {
		return "", err
	}
	if values["databasename"] == "" {
		forgetDatabase(dashboard)
	}
	if !containers {
		forgetRows(dashboard, "CPU", "Memory")
	}
	templating, _ := dashboard["templating"].(map[string]any)
	variables, _ := templating["list"].([]any)
	for _, v := range variables {
		variable, _ := v.(map[string]any)
		if variable["type"] != "constant" {
			continue
		}
		value, known := values[fmt.Sprint(variable["name"])]
		if !known {
			return "", fmt.Errorf("the constant %v has no value", variable["name"])
		}
		variable["query"] = value
		variable["current"] = map[string]any{"text": value, "value": value}
	}
	text, err := json.Marshal(dashboard)
	return string(text), err
}

// forgetDatabase removes the row called Database, the panels under it, and the variables that only they
// use.
func forgetDatabase(dashboard map[string]any) {
	forgetRows(dashboard, "Database")
	templating, ok := dashboard["templating"].(map[string]any)
	if !ok {
		return
	}
	variables, _ := templating["list"].([]any)
	templating["list"] = slices.DeleteFunc(variables, func(v any) bool {
		variable, _ := v.(map[string]any)
		return variable["name"] == "databasename" || variable["name"] == "instance"
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
