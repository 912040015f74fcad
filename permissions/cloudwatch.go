package permissions

const cloudwatchSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html"

const (
	metricAlarm = "cloudwatch:alarm:{alarm_name}"
	// A dashboard's ARN names no region.
	dashboard = "arn:aws:cloudwatch::{account}:dashboard/{dashboard_name}"
)

// An alarm's action is checked when it fires, by the topic's policy.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
var cloudwatch = Table{
	"aws_cloudwatch_metric_alarm": {
		Source: cloudwatchSource,
		// A change puts the whole alarm again, tags included.
		Create: []Need{{Actions: []string{"cloudwatch:PutMetricAlarm"}, On: []string{metricAlarm}, When: requested}},
		Read: []Need{
			// The name is a filter.
			{Actions: []string{"cloudwatch:DescribeAlarms"}, On: []string{"cloudwatch:alarm:*"}},
			{Actions: []string{"cloudwatch:ListTagsForResource"}, On: []string{metricAlarm}},
		},
		Delete: []Need{{Actions: []string{"cloudwatch:DeleteAlarms"}, On: []string{metricAlarm}}},
		Tag:    []Need{{Actions: []string{"cloudwatch:TagResource"}, On: []string{metricAlarm}, When: kept}},
	},
	// The provider gives it no tags.
	"aws_cloudwatch_dashboard": {
		Source: cloudwatchSource,
		Create: []Need{{Actions: []string{"cloudwatch:PutDashboard"}, On: []string{dashboard}}},
		Read:   []Need{{Actions: []string{"cloudwatch:GetDashboard"}, On: []string{dashboard}}},
		Delete: []Need{{Actions: []string{"cloudwatch:DeleteDashboards"}, On: []string{dashboard}}},
	},
	"aws_cloudwatch_log_metric_filter": {
		Source: logsSource,
		Create: []Need{{Actions: []string{"logs:PutMetricFilter"}, On: []string{itsLogGroup}}},
		Read:   []Need{{Actions: []string{"logs:DescribeMetricFilters"}, On: []string{itsLogGroup}}},
		Delete: []Need{{Actions: []string{"logs:DeleteMetricFilter"}, On: []string{itsLogGroup}}},
	},
}
