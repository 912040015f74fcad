package cloud

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

const (
	metricFilterKind = "aws_cloudwatch_log_metric_filter"
	logStreamKind    = "aws_cloudwatch_log_stream"
)

func init() {
	register(map[string]kind{
		"aws_cloudwatch_metric_alarm": {
			id: func(_ *World, a Attributes) string { return text(a, "alarm_name") },
			// AWS would overwrite the other alarm. The simulator refuses.
			// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
			unique: []string{"alarm_name"}, conflict: "AlarmAlreadyExists",
			replaced: []string{"alarm_name"},
			check:    checkAlarm,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("cloudwatch", "alarm:"+id), "evaluate_low_sample_count_percentiles": ""})
			},
		},
		"aws_cloudwatch_dashboard": {
			id:       func(_ *World, a Attributes) string { return text(a, "dashboard_name") },
			unique:   []string{"dashboard_name"},
			conflict: "DashboardAlreadyExists", // as with alarms
			replaced: []string{"dashboard_name"},
			opaque:   []string{"dashboard_arn", "dashboard_body"},
			check:    checkDashboard,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"dashboard_arn": "arn:aws:cloudwatch::" + w.Account + ":dashboard/" + id}) // a global resource: no region
			},
		},
		metricFilterKind: {
			id: func(_ *World, a Attributes) string { return text(a, "name") },
			// The import id: another group may have a filter of the same name.
			key:      func(a Attributes) string { return text(a, "log_group_name") + ":" + text(a, "name") },
			conflict: "ResourceAlreadyExistsException", // as with alarms
			replaced: []string{"log_group_name", "name"},
			check:    checkMetricFilter,
		},
		logStreamKind: {
			id:       func(_ *World, a Attributes) string { return text(a, "name") },
			key:      func(a Attributes) string { return text(a, "log_group_name") + ":" + text(a, "name") }, // the import id
			conflict: "ResourceAlreadyExistsException",
			replaced: []string{"log_group_name", "name"},
			check:    checkLogStream,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("logs", "log-group:"+text(a, "log_group_name")+":log-stream:"+id)})
			},
		},
	})
}

var comparisonOperators = []string{
	"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
	"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
}

func invalidAlarm(format string, args ...any) error {
	return refuse("ValidationError", format, args...)
}

// checkAlarm: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func checkAlarm(_ *World, a, _ Attributes) error {
	name := text(a, "alarm_name")
	if name == "" || len(name) > 255 {
		return invalidAlarm("alarm name %q must have 1 to 255 characters", name)
	}
	if length := len(text(a, "alarm_description")); length > 1024 {
		return invalidAlarm("%s: the description has %d characters, 1024 are allowed", name, length)
	}
	if operator := text(a, "comparison_operator"); !slices.Contains(comparisonOperators, operator) {
		return invalidAlarm("%s: comparison operator %q is none of %s", name, operator, strings.Join(comparisonOperators, ", "))
	}
	treatments := []string{"breaching", "notBreaching", "ignore", "missing"}
	if treatment := text(a, "treat_missing_data"); treatment != "" && !slices.Contains(treatments, treatment) {
		return invalidAlarm("%s: missing data is treated as one of %s, not %q", name, strings.Join(treatments, ", "), treatment)
	}
	if a["threshold"] == nil && text(a, "threshold_metric_id") == "" {
		return invalidAlarm("%s has no threshold", name)
	}
	for _, actions := range []string{"alarm_actions", "ok_actions", "insufficient_data_actions"} {
		if count := len(texts(any(a), actions)); count > 5 {
			return invalidAlarm("%s has %d %s, 5 are allowed", name, count, actions)
		}
	}
	if points, periods := number(a, "datapoints_to_alarm"), number(a, "evaluation_periods"); points > periods {
		return invalidAlarm("%s: %v datapoints of %v periods cannot be breaching", name, points, periods)
	}
	return checkAlarmMetrics(name, a)
}

// checkAlarmMetrics: an alarm has one metric or queries, of which it watches one.
func checkAlarmMetrics(name string, a Attributes) error {
	queries := nestedBlocks(a, "metric_query")
	if len(queries) == 0 {
		if text(a, "metric_name") == "" || text(a, "namespace") == "" {
			return invalidAlarm("%s has neither a metric and its namespace nor queries", name)
		}
		if (text(a, "statistic") == "") == (text(a, "extended_statistic") == "") {
			return invalidAlarm("%s: One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm", name)
		}
		return checkAlarmPeriod(name, number(a, "period"), number(a, "evaluation_periods"))
	}
	for _, single := range []string{"metric_name", "namespace", "statistic", "extended_statistic", "period", "dimensions"} {
		if !empty(a[single]) {
			return invalidAlarm("%s has metric queries, and so can have no %s", name, single)
		}
	}
	ids, watched := map[string]bool{}, 0
	for _, query := range queries {
		id := text(query, "id")
		if !queryID.MatchString(id) || ids[id] {
			return invalidAlarm("%s: the id %q of a query must begin with a small letter, go on with letters, digits and _, and be there once", name, id)
		}
		ids[id] = true
		metrics := nestedBlocks(query, "metric")
		if (text(query, "expression") == "") == (len(metrics) == 0) {
			return invalidAlarm("%s: query %s needs either an expression or a metric", name, id)
		}
		if len(metrics) > 0 {
			if err := checkAlarmPeriod(name, number(metrics[0], "period"), number(a, "evaluation_periods")); err != nil {
				return err
			}
		}
		if flag(query, "return_data") {
			watched++
		}
	}
	if watched != 1 {
		return invalidAlarm("%s: %d queries return data, exactly one must", name, watched)
	}
	return nil
}

// queryID: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// checkAlarmPeriod: an alarm looks back up to a day, or a week if its period is an hour or longer.
func checkAlarmPeriod(name string, period, periods float64) error {
	if !slices.Contains([]float64{10, 20, 30}, period) && (period <= 0 || int(period)%60 != 0) {
		return invalidAlarm("%s: a period of %v seconds is neither 10, 20, 30 nor a multiple of 60", name, period)
	}
	most := 86400.0
	if period >= 3600 {
		most = 7 * 86400
	}
	if period*periods > most {
		return invalidAlarm("%s: Metrics cannot be checked across more than %v seconds (EvaluationPeriods * Period must be <= %v)", name, most, most)
	}
	return nil
}

// dashboardName: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
var dashboardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// widgetNeeds are the properties that CloudWatch requires for each type of widget.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
var widgetNeeds = map[string][]string{
	"metric": {"region"}, "log": {"region", "query"}, "text": {"markdown"}, "alarm": {"alarms"}, "explorer": {"metrics"}, "custom": {"endpoint"},
}

func invalidDashboard(format string, args ...any) error {
	return refuse("InvalidParameterInput", "The dashboard body is invalid: "+format, args...)
}

func checkDashboard(_ *World, a, _ Attributes) error {
	name, body := text(a, "dashboard_name"), text(a, "dashboard_body")
	if !dashboardName.MatchString(name) {
		return refuse("InvalidParameterValue", "dashboard name %q must be up to 255 letters, digits, - and _", name)
	}
	if len(body) > 1<<20 {
		return invalidDashboard("it has %d bytes, %d are allowed", len(body), 1<<20)
	}
	var document Attributes
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return invalidDashboard("it is no JSON object: %v", err)
	}
	widgets, ok := document["widgets"].([]any)
	if !ok {
		return invalidDashboard("it should have a list of widgets")
	}
	if len(widgets) > 500 {
		return invalidDashboard("it has %d widgets, 500 are allowed", len(widgets))
	}
	for i, item := range widgets {
		widget, _ := item.(Attributes)
		kind := text(widget, "type")
		needs, known := widgetNeeds[kind]
		if !known {
			return invalidDashboard("/widgets/%d/type: there is no %q", i, kind)
		}
		for _, property := range needs {
			if dig(widget, "properties."+property) == nil {
				return invalidDashboard("/widgets/%d/properties: a widget of type %s should have required property %q", i, kind, property)
			}
		}
		// The grid has 24 columns.
		if x, width := number(widget, "x"), number(widget, "width"); x < 0 || x > 23 || width < 0 || width > 24 {
			return invalidDashboard("/widgets/%d: x must be 0 to 23 and width 1 to 24, they are %v and %v", i, x, width)
		}
	}
	return nil
}

// logsName is the pattern for names of filters and streams.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
var logsName = regexp.MustCompile(`^[^:*]{1,512}$`)

// checkLogStream: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func checkLogStream(w *World, a, _ Attributes) error {
	name, group := text(a, "name"), text(a, "log_group_name")
	if w.find("aws_cloudwatch_log_group", "name", group) == nil {
		return refuse("ResourceNotFoundException", "The specified log group does not exist: %s", group)
	}
	if !logsName.MatchString(name) {
		return refuse("InvalidParameterException", "stream name %q must have up to 512 characters, and neither : nor *", name)
	}
	return nil
}

func checkMetricFilter(w *World, a, before Attributes) error {
	name, group := text(a, "name"), text(a, "log_group_name")
	if w.find("aws_cloudwatch_log_group", "name", group) == nil {
		return refuse("ResourceNotFoundException", "The specified log group does not exist: %s", group)
	}
	if !logsName.MatchString(name) {
		return refuse("InvalidParameterException", "filter name %q must have up to 512 characters, and neither : nor *", name)
	}
	if pattern := text(a, "pattern"); len(pattern) > 1024 || !closes(strings.TrimSpace(pattern)) {
		return refuse("InvalidParameterException", "Invalid metric filter pattern of %s: %s", name, pattern)
	}
	dimensions, _ := dig(a, "metric_transformation.dimensions").(Attributes)
	if len(dimensions) > 3 || len(dimensions) > 0 && text(a, "metric_transformation.default_value") != "" {
		return refuse("InvalidParameterException", "%s can have up to 3 dimensions, and none beside a default value", name)
	}
	count := 0
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "log_group_name") == group {
			count++
		}
		return true
	}, metricFilterKind)
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
	if before == nil && count >= 100 {
		return refuse("LimitExceededException", "log group %s has 100 metric filters already", group)
	}
	return nil
}

// closes reports whether the brackets around a JSON or field pattern match.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func closes(pattern string) bool {
	return strings.HasPrefix(pattern, "{") == strings.HasSuffix(pattern, "}") && strings.HasPrefix(pattern, "[") == strings.HasSuffix(pattern, "]")
}
