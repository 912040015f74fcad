package permissions

const elbSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html"

// The controller in the cluster creates these, Terraform only reads them. Names and tags are filters.
var elasticloadbalancing = Table{
	"data.aws_lb": {
		Source: elbSource,
		Read: []Grant{readAll("elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeLoadBalancers",
			"elasticloadbalancing:DescribeTags")},
	},
	"data.aws_lb_target_group": {
		Source: elbSource,
		Read: []Grant{readAll("elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
			"elasticloadbalancing:DescribeTargetGroups")},
	},
}
