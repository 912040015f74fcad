package stacks

import (
	"maps"
	"slices"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchdashboard"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/alarm"
	"plinth/settings"
)

// newDashboard shows the metrics that the alarms watch, and those that explain them: those of each
// application, then those that applications share.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func newDashboard(stack cdktf.TerraformStack, env *settings.Environment, mon monitoring) {
	var rows [][]graph
	for _, app := range mon.applications {
		rows = append(rows, app.graphs()...)
	}
	rows = append(rows, [][]graph{
		{
			{"Pods that wait for a place", []alarm.Metric{mon.pendingPods}},
		},
		{
			{"Database: CPU use in %", mon.ofServers("CPUUtilization", "Average")},
			{"Database: connections", mon.ofServers("DatabaseConnections", "Maximum")},
		},
		{
			{"Database: free storage in bytes", mon.storage()},
			{"Database: how far replicas are behind", mon.lags()},
		},
		{
			{"NAT: bytes to the internet", mon.nat("BytesOutToDestination", "Sum")},
			{"NAT: connections, and those that got no port", append(mon.nat("ActiveConnectionCount", "Maximum"), mon.nat("ErrorPortAllocation", "Sum")...)},
		},
	}...)
	var widgets []any
	for y, row := range rows {
		for x, g := range row {
			if len(g.metrics) > 0 {
				widgets = append(widgets, g.widget(env.Region, x*12, y*6))
			}
		}
	}
	cloudwatchdashboard.NewCloudwatchDashboard(stack, jsii.String("dashboard"), &cloudwatchdashboard.CloudwatchDashboardConfig{
		DashboardName: jsii.String(env.ResourceName()),
		DashboardBody: cdktf.Fn_Jsonencode(map[string]any{"widgets": widgets}),
	})
}

// graphs returns an application's rows.
func (m monitoredApp) graphs() [][]graph {
	errors := graph{m.Name + ": error lines", []alarm.Metric{m.errorLogs}}
	if m.Web == nil {
		return [][]graph{{errors}}
	}
	return [][]graph{
		{
			{m.Name + ": requests a minute", []alarm.Metric{
				m.loadBalancerMetric("RequestCount", "Sum"),
				m.loadBalancerMetric("HTTPCode_Target_4XX_Count", "Sum"),
				m.loadBalancerMetric("HTTPCode_Target_5XX_Count", "Sum"),
				m.loadBalancerMetric("HTTPCode_ELB_5XX_Count", "Sum"),
			}},
			{m.Name + ": seconds until the answer", []alarm.Metric{
				m.loadBalancerMetric("TargetResponseTime", "p50"),
				m.loadBalancerMetric("TargetResponseTime", "p95"),
				m.loadBalancerMetric("TargetResponseTime", "p99"),
			}},
		},
		{
			{m.Name + ": pods behind the load balancer", []alarm.Metric{m.targetMetric("HealthyHostCount"), m.targetMetric("UnHealthyHostCount")}},
			errors,
		},
	}
}

// graph is one graph of the dashboard, with a line for each metric.
type graph struct {
	title   string
	metrics []alarm.Metric
}

// widget returns the graph as a widget at x, y of the dashboard's grid, which is 24 wide.
func (g graph) widget(region string, x, y int) map[string]any {
	var lines []any
	for _, m := range g.metrics {
		line := []any{m.Namespace, m.Name}
		for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
			line = append(line, name, m.Dimensions[name])
		}
		lines = append(lines, append(line, map[string]any{"stat": m.Statistic}))
	}
	return map[string]any{
		"type": "metric", "x": x, "y": y, "width": 12, "height": 6,
		"properties": map[string]any{
			"title": g.title, "metrics": lines, "region": region, "view": "timeSeries", "period": 60,
		},
	}
}

func (mon monitoring) ofServers(name, statistic string) []alarm.Metric {
	var all []alarm.Metric
	for _, s := range mon.servers() {
		all = append(all, s.metric(name, statistic))
	}
	return all
}

func (mon monitoring) storage() []alarm.Metric {
	var all []alarm.Metric
	for _, s := range mon.servers() {
		all = append(all, s.metric(s.free, "Minimum"))
	}
	return all
}

func (mon monitoring) lags() []alarm.Metric {
	var all []alarm.Metric
	for _, s := range mon.servers() {
		if s.lag != "" {
			all = append(all, s.metric(s.lag, "Maximum"))
		}
	}
	return all
}

func (mon monitoring) nat(name, statistic string) []alarm.Metric {
	var all []alarm.Metric
	for _, id := range mon.natGateways {
		all = append(all, alarm.Metric{
			Namespace: "AWS/NATGateway", Name: name, Statistic: statistic,
			Dimensions: map[string]*string{"NatGatewayId": id},
		})
	}
	return all
}
