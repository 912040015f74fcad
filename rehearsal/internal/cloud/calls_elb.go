package cloud

// None of these is about one load balancer. Tags are asked for after all else, and of target
// groups before as well, when they are searched by tags.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_elasticloadbalancingv2.html
func init() {
	registerCalls(map[string]caller{
		"data.aws_lb": {read: looks(
			"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTags",
		)},
		"data." + targetGroupKind: {read: looks(
			"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
		)},
	})
}
