package permissions

const autoscalingSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html"

// AWS chooses a target's id.
const scalableTarget = "application-autoscaling:scalable-target/*"

var autoscaling = Table{
	"aws_appautoscaling_target": {
		Source: autoscalingSource,
		Create: []Grant{
			{
				Actions: []string{"application-autoscaling:RegisterScalableTarget"}, Resources: []string{scalableTarget},
				Conditions: all(requestTagged, resourceTaggedIfExists, when("StringEquals", "application-autoscaling:service-namespace", "rds")),
			},
			{Actions: []string{"application-autoscaling:TagResource"}, Resources: []string{scalableTarget}, Conditions: all(requestTagged, resourceTaggedIfExists)},
			serviceLinkedRole("rds.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_RDSCluster"),
			// Security: the service checks whether the caller may create and delete databases,
			// without naming one. The caller may do so only through a service.
			// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
			{Actions: []string{"rds:CreateDBInstance"}, Resources: []string{"rds:db:*", "rds:{resource_id}"}, Conditions: viaAWSService},
			{Actions: []string{"rds:DeleteDBInstance"}, Resources: []string{"rds:db:*"}, Conditions: viaAWSService},
			{Actions: []string{"rds:DescribeDBClusters"}, Resources: []string{"rds:{resource_id}"}, Conditions: viaAWSService},
		},
		Read: []Grant{
			readAll("application-autoscaling:DescribeScalableTargets"),
			{Actions: []string{"application-autoscaling:ListTagsForResource"}, Resources: []string{scalableTarget}, Conditions: resourceTagged},
		},
		// An update sends no tags.
		Update: []Grant{{Actions: []string{"application-autoscaling:RegisterScalableTarget"}, Resources: []string{scalableTarget}, Conditions: resourceTagged}},
		Delete: []Grant{
			{Actions: []string{"application-autoscaling:DeregisterScalableTarget"}, Resources: []string{scalableTarget}, Conditions: resourceTagged},
			// Then a command deletes the replicas that autoscaling created, see constructs/postgres.
			{Actions: []string{"rds:DeleteDBInstance"}, Resources: []string{"rds:db:application-autoscaling-*"}},
			{Actions: []string{"rds:DescribeDBInstances"}, Resources: []string{"rds:db:*"}},
		},
		Tag: []Grant{{Actions: []string{"application-autoscaling:TagResource"}, Resources: []string{scalableTarget}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	"aws_appautoscaling_policy": {
		Source: autoscalingSource,
		Create: []Grant{
			{Actions: []string{"application-autoscaling:PutScalingPolicy"}, Resources: []string{scalableTarget}, Conditions: resourceTagged},
			// Security: likewise for the policy's alarms.
			{
				Actions:   []string{"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"},
				Resources: []string{"cloudwatch:alarm:*"}, Conditions: viaAWSService,
			},
		},
		Read:   []Grant{readAll("application-autoscaling:DescribeScalingPolicies")},
		Delete: []Grant{{Actions: []string{"application-autoscaling:DeleteScalingPolicy"}, Resources: []string{scalableTarget}, Conditions: resourceTagged}},
	},
}
