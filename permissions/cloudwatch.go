package permissions

const cloudwatchSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html"

const (
	metricAlarm = "cloudwatch:alarm:{alarm_name}"
	// A dashboard's ARN has no region.
	dashboard = "arn:aws:cloudwatch::{account}:dashboard/{dashboard_name}"
)

// The topic's policy decides on an alarm's action, when the alarm fires.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
var cloudwatch = Table{
	"aws_cloudwatch_metric_alarm": {
		Source: cloudwatchSource,
		// An update puts the whole alarm again, including its tags.
		Create: []Grant{{Actions: []string{"cloudwatch:PutMetricAlarm"}, Resources: []string{metricAlarm}, Conditions: requestTagged}},
		Read: []Grant{
			// The name is a filter.
			{Actions: []string{"cloudwatch:DescribeAlarms"}, Resources: []string{"cloudwatch:alarm:*"}},
			{Actions: []string{"cloudwatch:ListTagsForResource"}, Resources: []string{metricAlarm}},
		},
		Delete: []Grant{{Actions: []string{"cloudwatch:DeleteAlarms"}, Resources: []string{metricAlarm}}},
		Tag:    []Grant{{Actions: []string{"cloudwatch:TagResource"}, Resources: []string{metricAlarm}, Conditions: requestTaggedIfExists}},
	},
	// The provider does not tag dashboards.
	"aws_cloudwatch_dashboard": {
		Source: cloudwatchSource,
		Create: []Grant{{Actions: []string{"cloudwatch:PutDashboard"}, Resources: []string{dashboard}}},
		Read:   []Grant{{Actions: []string{"cloudwatch:GetDashboard"}, Resources: []string{dashboard}}},
		Delete: []Grant{{Actions: []string{"cloudwatch:DeleteDashboards"}, Resources: []string{dashboard}}},
	},
	"aws_cloudwatch_log_metric_filter": {
		Source: logsSource,
		Create: []Grant{{Actions: []string{"logs:PutMetricFilter"}, Resources: []string{itsLogGroup}}},
		Read:   []Grant{{Actions: []string{"logs:DescribeMetricFilters"}, Resources: []string{itsLogGroup}}},
		Delete: []Grant{{Actions: []string{"logs:DeleteMetricFilter"}, Resources: []string{itsLogGroup}}},
	},
}
