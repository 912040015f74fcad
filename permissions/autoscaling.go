package permissions

const autoscalingSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html"

// A target's name is known once it is made.
const scalableTarget = "application-autoscaling:scalable-target/*"

var autoscaling = Table{
	"aws_appautoscaling_target": {
		Source: autoscalingSource,
		Create: []Need{
			{
				Actions: []string{"application-autoscaling:RegisterScalableTarget"}, On: []string{scalableTarget},
				When: all(requested, when("StringEquals", "application-autoscaling:service-namespace", "rds")),
			},
			{Actions: []string{"application-autoscaling:TagResource"}, On: []string{scalableTarget}, When: all(requested, unclaimed)},
			serviceRole("rds.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_RDSCluster"),
			// Security: the service tries whether the caller may make and delete databases, with
			// none named. It alone can.
			// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
			{Actions: []string{"rds:CreateDBInstance"}, On: []string{"rds:db:*", "rds:{resource_id}"}, When: viaService},
			{Actions: []string{"rds:DeleteDBInstance"}, On: []string{"rds:db:*"}, When: viaService},
			{Actions: []string{"rds:DescribeDBClusters"}, On: []string{"rds:{resource_id}"}, When: viaService},
		},
		Read: []Need{
			listed("application-autoscaling:DescribeScalableTargets"),
			{Actions: []string{"application-autoscaling:ListTagsForResource"}, On: []string{scalableTarget}, When: owned},
		},
		// Without tags this time.
		Update: []Need{{Actions: []string{"application-autoscaling:RegisterScalableTarget"}, On: []string{scalableTarget}, When: owned}},
		Delete: []Need{
			{Actions: []string{"application-autoscaling:DeregisterScalableTarget"}, On: []string{scalableTarget}, When: owned},
			// Then a command deletes the replicas that autoscaling has made, see constructs/postgres.
			{Actions: []string{"rds:DeleteDBInstance"}, On: []string{"rds:db:application-autoscaling-*"}},
			{Actions: []string{"rds:DescribeDBInstances"}, On: []string{"rds:db:*"}},
		},
		Tag: []Need{{Actions: []string{"application-autoscaling:TagResource"}, On: []string{scalableTarget}, When: all(owned, kept)}},
	},
	"aws_appautoscaling_policy": {
		Source: autoscalingSource,
		Create: []Need{
			{Actions: []string{"application-autoscaling:PutScalingPolicy"}, On: []string{scalableTarget}, When: owned},
			// Security: likewise for the alarms that a policy consists of.
			{
				Actions: []string{"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"},
				On:      []string{"cloudwatch:alarm:*"}, When: viaService,
			},
		},
		Read:   []Need{listed("application-autoscaling:DescribeScalingPolicies")},
		Delete: []Need{{Actions: []string{"application-autoscaling:DeleteScalingPolicy"}, On: []string{scalableTarget}, When: owned}},
	},
}
