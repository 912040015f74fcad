package cloud

// These actions take no resource. The provider reads tags last, and first of all when it searches
// target groups by tags.
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
