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

// newDashboard shows the same metrics as the alarms watch, and those that explain them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func newDashboard(stack cdktf.TerraformStack, env *settings.Environment, w watched) {
	rows := [][]graph{
		{
			{"Requests a minute", []alarm.Metric{
				w.loadBalancerMetric("RequestCount", "Sum"),
				w.loadBalancerMetric("HTTPCode_Target_4XX_Count", "Sum"),
				w.loadBalancerMetric("HTTPCode_Target_5XX_Count", "Sum"),
				w.loadBalancerMetric("HTTPCode_ELB_5XX_Count", "Sum"),
			}},
			{"Seconds until the answer", []alarm.Metric{
				w.loadBalancerMetric("TargetResponseTime", "p50"),
				w.loadBalancerMetric("TargetResponseTime", "p95"),
				w.loadBalancerMetric("TargetResponseTime", "p99"),
			}},
		},
		{
			{"Pods behind the load balancer", []alarm.Metric{w.targetMetric("HealthyHostCount"), w.targetMetric("UnHealthyHostCount")}},
			{"Pods that wait for a place, lines of level ERROR", []alarm.Metric{w.pendingPods, w.errorLogs}},
		},
		{
			{"Database: CPU use in %", w.ofServers("CPUUtilization", "Average")},
			{"Database: connections", w.ofServers("DatabaseConnections", "Maximum")},
		},
		{
			{"Database: free storage in bytes", w.storage()},
			{"Database: how far replicas are behind", w.lags()},
		},
		{
			{"NAT: bytes to the internet", w.nat("BytesOutToDestination", "Sum")},
			{"NAT: connections, and those that got no port", append(w.nat("ActiveConnectionCount", "Maximum"), w.nat("ErrorPortAllocation", "Sum")...)},
		},
	}
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

// graph is one of the dashboard's, with a line for each metric.
type graph struct {
	title   string
	metrics []alarm.Metric
}

// widget is a graph at a place of the dashboard's grid, which is 24 wide.
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

func (w watched) ofServers(name, statistic string) []alarm.Metric {
	var all []alarm.Metric
	for _, s := range w.servers() {
		all = append(all, s.metric(name, statistic))
	}
	return all
}

func (w watched) storage() []alarm.Metric {
	var all []alarm.Metric
	for _, s := range w.servers() {
		all = append(all, s.metric(s.free, "Minimum"))
	}
	return all
}

func (w watched) lags() []alarm.Metric {
	var all []alarm.Metric
	for _, s := range w.servers() {
		if s.lag != "" {
			all = append(all, s.metric(s.lag, "Maximum"))
		}
	}
	return all
}

func (w watched) nat(name, statistic string) []alarm.Metric {
	var all []alarm.Metric
	for _, id := range w.natGateways {
		all = append(all, alarm.Metric{
			Namespace: "AWS/NATGateway", Name: name, Statistic: statistic,
			Dimensions: map[string]*string{"NatGatewayId": id},
		})
	}
	return all
}
