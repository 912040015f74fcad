package permissions

const autoscalingSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html"

// A target's name is known once it is made.
const scalableTarget = "application-autoscaling:scalable-target/*"

var autoscaling = Table{
	"aws_appautoscaling_target": {
		Source: autoscalingSource,
		Create: []Grant{
			{
				Actions: []string{"application-autoscaling:RegisterScalableTarget"}, Resources: []string{scalableTarget},
				Conditions: all(requestTagged, when("StringEquals", "application-autoscaling:service-namespace", "rds")),
			},
			{Actions: []string{"application-autoscaling:TagResource"}, Resources: []string{scalableTarget}, Conditions: all(requestTagged, resourceTaggedIfExists)},
			serviceLinkedRole("rds.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_RDSCluster"),
			// Security: the service tries whether the caller may make and delete databases, with
			// none named. It alone can.
			// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
			{Actions: []string{"rds:CreateDBInstance"}, Resources: []string{"rds:db:*", "rds:{resource_id}"}, Conditions: viaAWSService},
			{Actions: []string{"rds:DeleteDBInstance"}, Resources: []string{"rds:db:*"}, Conditions: viaAWSService},
			{Actions: []string{"rds:DescribeDBClusters"}, Resources: []string{"rds:{resource_id}"}, Conditions: viaAWSService},
		},
		Read: []Grant{
			readAll("application-autoscaling:DescribeScalableTargets"),
			{Actions: []string{"application-autoscaling:ListTagsForResource"}, Resources: []string{scalableTarget}, Conditions: resourceTagged},
		},
		// Without tags this time.
		Update: []Grant{{Actions: []string{"application-autoscaling:RegisterScalableTarget"}, Resources: []string{scalableTarget}, Conditions: resourceTagged}},
		Delete: []Grant{
			{Actions: []string{"application-autoscaling:DeregisterScalableTarget"}, Resources: []string{scalableTarget}, Conditions: resourceTagged},
			// Then a command deletes the replicas that autoscaling has made, see constructs/postgres.
			{Actions: []string{"rds:DeleteDBInstance"}, Resources: []string{"rds:db:application-autoscaling-*"}},
			{Actions: []string{"rds:DescribeDBInstances"}, Resources: []string{"rds:db:*"}},
		},
		Tag: []Grant{{Actions: []string{"application-autoscaling:TagResource"}, Resources: []string{scalableTarget}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	"aws_appautoscaling_policy": {
		Source: autoscalingSource,
		Create: []Grant{
			{Actions: []string{"application-autoscaling:PutScalingPolicy"}, Resources: []string{scalableTarget}, Conditions: resourceTagged},
			// Security: likewise for the alarms that a policy consists of.
			{
				Actions:   []string{"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"},
				Resources: []string{"cloudwatch:alarm:*"}, Conditions: viaAWSService,
			},
		},
		Read:   []Grant{readAll("application-autoscaling:DescribeScalingPolicies")},
		Delete: []Grant{{Actions: []string{"application-autoscaling:DeleteScalingPolicy"}, Resources: []string{scalableTarget}, Conditions: resourceTagged}},
	},
}
