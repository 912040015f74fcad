package cloud

import "strings"

// scalableTarget is the target of a resource, with the service and the dimension.
func (c *calls) scalableTarget(a Attributes) resource {
	r := resource{arn: c.arn("application-autoscaling", "scalable-target/*")}
	if t := c.w.find("aws_appautoscaling_target", "resource_id", text(a, "resource_id")); t != nil {
		r = existing(text(t.Attributes, "arn"), tagsOf(t.Attributes))
	}
	return scaled(r, a)
}

func scaled(r resource, a Attributes) resource {
	return r.with("application-autoscaling:service-namespace", text(a, "service_namespace")).
		with("application-autoscaling:scalable-dimension", text(a, "scalable_dimension"))
}

func init() {
	onTarget := func(action string) func(*calls) {
		return func(c *calls) { c.do("application-autoscaling:"+action, c.scalableTarget(c.a)) }
	}
	onAlarms := func(c *calls, actions ...string) {
		// Named after the resource: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
		alarms := "alarm:TargetTracking-" + strings.ReplaceAll(text(c.a, "resource_id"), "/", "-") + "-*"
		for _, action := range actions {
			r := resource{arn: c.arn("cloudwatch", alarms)}
			if action == "DescribeAlarms" {
				r.arn = c.arn("cloudwatch", "alarm:*")
			}
			c.via("application-autoscaling.amazonaws.com", "cloudwatch:"+action, r)
		}
	}
	registerCalls(map[string]caller{
		"aws_appautoscaling_target": {
			create: func(c *calls) {
				c.do("application-autoscaling:RegisterScalableTarget", scaled(c.fresh(c.arn("application-autoscaling", "scalable-target/*")), c.a))
				if len(tagsOf(c.a)) > 0 {
					c.do("application-autoscaling:TagResource", c.fresh(c.arn("application-autoscaling", "scalable-target/*")))
				}
				c.serviceRole("rds.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_RDSCluster")
				c.mayScale()
			},
			read: func(c *calls) {
				c.do("application-autoscaling:DescribeScalableTargets")
				c.do("application-autoscaling:ListTagsForResource", c.self())
			},
			update: []change{{"min_capacity max_capacity role_arn suspended_state", func(c *calls) {
				onTarget("RegisterScalableTarget")(c)
				c.mayScale()
			}}},
			tag:    func(c *calls, r resource) { c.do("application-autoscaling:TagResource", r) },
			untag:  func(c *calls, r resource) { c.do("application-autoscaling:UntagResource", onlyKeys(r)) },
			delete: onTarget("DeregisterScalableTarget"),
		},
		"aws_appautoscaling_policy": {
			create: func(c *calls) {
				onTarget("PutScalingPolicy")(c)
				onAlarms(c, "DescribeAlarms", "PutMetricAlarm", "DeleteAlarms")
			},
			read: looks("application-autoscaling:DescribeScalingPolicies"),
			update: []change{{"policy_type step_scaling_policy_configuration target_tracking_scaling_policy_configuration", func(c *calls) {
				onTarget("PutScalingPolicy")(c)
				onAlarms(c, "DescribeAlarms", "PutMetricAlarm", "DeleteAlarms")
			}}, {"alarm_arns", nil}},
			delete: func(c *calls) {
				onTarget("DeleteScalingPolicy")(c)
				onAlarms(c, "DeleteAlarms")
			},
		},
	})
}

// mayScale: Application Auto Scaling tests on the caller's behalf, without an instance's name,
// whether it may scale the cluster.
// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html
func (c *calls) mayScale() {
	cluster, ok := strings.CutPrefix(text(c.a, "resource_id"), "cluster:")
	if !ok {
		return
	}
	const service = "application-autoscaling.amazonaws.com"
	nameless := resource{arn: c.arn("rds", "db:")}
	c.via(service, "rds:CreateDBInstance", nameless, c.rdsARN("cluster", cluster))
	c.via(service, "rds:DeleteDBInstance", nameless)
	c.via(service, "rds:DescribeDBClusters", c.rdsARN("cluster", cluster))
	c.via(service, "rds:DescribeDBInstances", resource{arn: c.arn("rds", "db:*")})
}
