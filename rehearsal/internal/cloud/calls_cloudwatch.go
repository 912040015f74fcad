package cloud

func init() {
	onAlarm := func(action string) func(*calls) { return func(c *calls) { c.do("cloudwatch:"+action, c.self()) } }
	onDashboard := func(action string) func(*calls) {
		return func(c *calls) { c.do("cloudwatch:"+action, resource{arn: text(c.a, "dashboard_arn")}) }
	}
	onGroup := func(action string) func(*calls) {
		return func(c *calls) { c.do("logs:"+action, c.logGroupOf(text(c.a, "log_group_name"))) }
	}
	// acts adds the condition key for an alarm's actions.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-alarm-actions.html
	acts := func(c *calls, r resource) resource {
		var actions []string
		for _, state := range []string{"alarm_actions", "insufficient_data_actions", "ok_actions"} {
			actions = append(actions, texts(any(c.after), state)...)
		}
		if len(actions) == 0 {
			return r
		}
		return r.with("cloudwatch:AlarmActions", actions...)
	}
	// Any change puts the whole alarm with all tags. For an existing alarm AWS ignores the tags.
	const alarm = "actions_enabled alarm_actions alarm_description comparison_operator datapoints_to_alarm dimensions " +
		"evaluate_low_sample_count_percentiles evaluation_periods extended_statistic insufficient_data_actions metric_name metric_query " +
		"namespace ok_actions period statistic threshold threshold_metric_id treat_missing_data unit"
	registerCalls(map[string]caller{
		"aws_cloudwatch_metric_alarm": {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("cloudwatch:PutMetricAlarm", acts(c, r))
				// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
				if len(tagsOf(c.a)) > 0 {
					c.do("cloudwatch:TagResource", r)
				}
			},
			read: func(c *calls) {
				// AWS authorizes this for all alarms, even when the request names one.
				c.do("cloudwatch:DescribeAlarms", resource{arn: c.arn("cloudwatch", "alarm:*")})
				onAlarm("ListTagsForResource")(c)
			},
			update: []change{{alarm, func(c *calls) { c.do("cloudwatch:PutMetricAlarm", acts(c, c.self().tagged(tagsOf(c.after)))) }}},
			tag:    func(c *calls, r resource) { c.do("cloudwatch:TagResource", r) },
			untag:  func(c *calls, r resource) { c.do("cloudwatch:UntagResource", onlyKeys(r)) },
			delete: onAlarm("DeleteAlarms"),
		},
		"aws_cloudwatch_dashboard": {
			create: onDashboard("PutDashboard"),
			read:   onDashboard("GetDashboard"),
			update: []change{{"dashboard_body", onDashboard("PutDashboard")}},
			delete: onDashboard("DeleteDashboards"),
		},
		metricFilterKind: {
			create: onGroup("PutMetricFilter"),
			read:   onGroup("DescribeMetricFilters"),
			update: []change{{"metric_transformation pattern", onGroup("PutMetricFilter")}},
			delete: onGroup("DeleteMetricFilter"),
		},
	})
}
