// Package alarm makes CloudWatch alarms that notify a topic when a metric crosses its threshold,
// and when it recovers.
package alarm

import (
	"maps"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchmetricalarm"
)

// Metric is a CloudWatch metric and the statistic that aggregates its values within a period.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]*string
	// Statistic is Average, Sum, Minimum or Maximum, or a percentile such as p95.
	Statistic string
}

// Config of an alarm.
type Config struct {
	Name string
	// Description says what the alarm means and what to do. The message contains it.
	Description string
	// Metric is the watched metric. Or set Expression, and Metrics by their names in it.
	Metric     Metric
	Expression string
	Metrics    map[string]Metric
	// Below raises the alarm when the value is less than Threshold, instead of more.
	Below     bool
	Threshold float64
	// Minutes is the length of a period. In Wrong of the last Periods the value must cross Threshold.
	Minutes, Periods, Wrong int
	TopicArn                *string
}

// New creates an alarm. Missing data raises no alarm: a service without requests has none, nor has
// a database that AWS is still creating.
func New(scope constructs.Construct, id string, c Config) cloudwatchmetricalarm.CloudwatchMetricAlarm {
	comparison := "GreaterThanThreshold"
	if c.Below {
		comparison = "LessThanThreshold"
	}
	config := &cloudwatchmetricalarm.CloudwatchMetricAlarmConfig{
		AlarmName:          jsii.String(c.Name),
		AlarmDescription:   jsii.String(c.Description),
		ComparisonOperator: jsii.String(comparison),
		Threshold:          jsii.Number(c.Threshold),
		EvaluationPeriods:  jsii.Number(c.Periods),
		DatapointsToAlarm:  jsii.Number(c.Wrong),
		TreatMissingData:   jsii.String("notBreaching"),
		AlarmActions:       &[]*string{c.TopicArn},
		OkActions:          &[]*string{c.TopicArn},
	}
	seconds := jsii.Number(c.Minutes * 60)
	if c.Expression == "" {
		m := c.Metric
		config.Namespace, config.MetricName, config.Dimensions = &m.Namespace, &m.Name, dimensions(m)
		config.Period = seconds
		if percentile(m.Statistic) {
			config.ExtendedStatistic = &m.Statistic
			// A percentile of a handful of requests means nothing.
			config.EvaluateLowSampleCountPercentiles = jsii.String("ignore")
		} else {
			config.Statistic = &m.Statistic
		}
	} else {
		config.MetricQuery = queries(c, seconds)
	}
	return cloudwatchmetricalarm.NewCloudwatchMetricAlarm(scope, &id, config)
}

func dimensions(m Metric) *map[string]*string {
	if len(m.Dimensions) == 0 {
		return nil
	}
	return &m.Dimensions
}

func percentile(statistic string) bool { return statistic[0] == 'p' }

func queries(c Config, seconds *float64) []*cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQuery {
	all := []*cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQuery{{
		Id: jsii.String("value"), Expression: &c.Expression, Label: &c.Name, ReturnData: jsii.Bool(true),
	}}
	for _, name := range slices.Sorted(maps.Keys(c.Metrics)) {
		m := c.Metrics[name]
		all = append(all, &cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQuery{
			Id: &name,
			Metric: &cloudwatchmetricalarm.CloudwatchMetricAlarmMetricQueryMetric{
				Namespace: &m.Namespace, MetricName: &m.Name, Dimensions: dimensions(m),
				Stat: &m.Statistic, Period: seconds,
			},
		})
	}
	return all
}
