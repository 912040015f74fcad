package observability

import (
	"strings"
	"testing"

	"plinth/observability"
)

// Without an AWS database no dashboard queries one, and each is as valid as with it.
func TestDashboardsWithoutDatabase(t *testing.T) {
	o := newObserved(t)
	with := len(o.dashboards["cloudwatch.json"])
	shown := names
	shown.Database, shown.Containers = "", false
	o.dashboards = observability.Dashboards(shown)
	for name, text := range o.dashboards {
		if strings.Contains(text, "AWS/RDS") || strings.Contains(text, "DBInstanceIdentifier") {
			t.Errorf("%s asks for a database", name)
		}
	}
	if text := o.dashboards["cloudwatch.json"]; len(text) >= with || !strings.Contains(text, "AWS/ApplicationELB") {
		t.Errorf("the load balancer is not shown, or as much as before: %s", text)
	}
	for _, check := range []func(observed) []string{dashboardsValid, dataSources, tidy, variablesDefined} {
		for _, broken := range check(o) {
			t.Error(broken)
		}
	}
}
