package permissions

const ec2Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"

// tagged lets EC2 set the tags of a thing as an action makes it, and at no other time.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func tagged(resource, action string) Need {
	return Need{
		Actions: []string{"ec2:CreateTags"}, On: []string{resource},
		When: all(when("StringEquals", "ec2:CreateAction", action), requested),
	}
}

func retagged(resource string) []Need {
	return []Need{{Actions: []string{"ec2:CreateTags"}, On: []string{resource}, When: all(owned, kept)}}
}

var vpc = Table{
	"aws_vpc": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateVpc"}, On: []string{"ec2:vpc/*"}, When: requested},
			tagged("ec2:vpc/*", "CreateVpc"),
			{Actions: []string{"ec2:ModifyVpcAttribute"}, On: []string{"ec2:vpc/*"}, When: owned},
		},
		Read: []Need{
			// The provider looks up the VPC's default network ACL, route table and security group.
			listed("ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"),
			{Actions: []string{"ec2:DescribeVpcAttribute"}, On: []string{"ec2:vpc/*"}, When: owned},
		},
		Delete: []Need{{Actions: []string{"ec2:DeleteVpc"}, On: []string{"ec2:vpc/*"}, When: owned}},
		Tag:    retagged("ec2:vpc/*"),
	},
	"aws_subnet": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateSubnet"}, On: []string{"ec2:subnet/*"}, When: requested},
			{Actions: []string{"ec2:CreateSubnet"}, On: []string{"ec2:vpc/*"}, When: owned},
			tagged("ec2:subnet/*", "CreateSubnet"),
		},
		Read:   []Need{listed("ec2:DescribeSubnets")},
		Update: []Need{{Actions: []string{"ec2:ModifySubnetAttribute"}, On: []string{"ec2:subnet/*"}, When: owned}},
		Delete: []Need{
			{Actions: []string{"ec2:DeleteSubnet"}, On: []string{"ec2:subnet/*"}, When: owned},
			// It looks for network interfaces that Lambda functions have left behind.
			listed("ec2:DescribeNetworkInterfaces"),
		},
		Tag: retagged("ec2:subnet/*"),
	},
	"aws_internet_gateway": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateInternetGateway"}, On: []string{"ec2:internet-gateway/*"}, When: requested},
			tagged("ec2:internet-gateway/*", "CreateInternetGateway"),
			{Actions: []string{"ec2:AttachInternetGateway"}, On: []string{"ec2:internet-gateway/*", "ec2:vpc/*"}, When: owned},
		},
		Read: []Need{listed("ec2:DescribeInternetGateways")},
		Delete: []Need{
			{Actions: []string{"ec2:DetachInternetGateway"}, On: []string{"ec2:internet-gateway/*", "ec2:vpc/*"}, When: owned},
			{Actions: []string{"ec2:DeleteInternetGateway"}, On: []string{"ec2:internet-gateway/*"}, When: owned},
		},
		Tag: retagged("ec2:internet-gateway/*"),
	},
	"aws_eip": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:AllocateAddress"}, On: []string{"ec2:elastic-ip/*"}, When: requested},
			tagged("ec2:elastic-ip/*", "AllocateAddress"),
		},
		Read: []Need{listed("ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute")},
		// The state still has the association with the NAT gateway, which is gone by then; the
		// provider tries to end it all the same.
		Delete: []Need{{Actions: []string{"ec2:DisassociateAddress", "ec2:ReleaseAddress"}, On: []string{"ec2:elastic-ip/*"}, When: owned}},
		Tag:    retagged("ec2:elastic-ip/*"),
	},
	"aws_nat_gateway": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateNatGateway"}, On: []string{"ec2:natgateway/*"}, When: requested},
			{Actions: []string{"ec2:CreateNatGateway"}, On: []string{"ec2:elastic-ip/*", "ec2:subnet/*"}, When: owned},
			tagged("ec2:natgateway/*", "CreateNatGateway"),
		},
		Read:   []Need{listed("ec2:DescribeNatGateways")},
		Delete: []Need{{Actions: []string{"ec2:DeleteNatGateway"}, On: []string{"ec2:natgateway/*"}, When: owned}},
		Tag:    retagged("ec2:natgateway/*"),
	},
	"aws_route_table": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateRouteTable"}, On: []string{"ec2:route-table/*"}, When: requested},
			{Actions: []string{"ec2:CreateRouteTable"}, On: []string{"ec2:vpc/*"}, When: owned},
			tagged("ec2:route-table/*", "CreateRouteTable"),
		},
		Read:   []Need{listed("ec2:DescribeRouteTables")},
		Delete: []Need{{Actions: []string{"ec2:DeleteRouteTable"}, On: []string{"ec2:route-table/*"}, When: owned}},
		Tag:    retagged("ec2:route-table/*"),
	},
	"aws_route": {
		Source: ec2Source,
		Create: []Need{{Actions: []string{"ec2:CreateRoute"}, On: []string{"ec2:route-table/*"}, When: owned}},
		Read:   []Need{listed("ec2:DescribeRouteTables")},
		// With another NAT gateway the route stays.
		Update: []Need{{Actions: []string{"ec2:ReplaceRoute"}, On: []string{"ec2:route-table/*"}, When: owned}},
		Delete: []Need{{Actions: []string{"ec2:DeleteRoute"}, On: []string{"ec2:route-table/*"}, When: owned}},
	},
	"aws_route_table_association": {
		Source: ec2Source,
		Create: []Need{{Actions: []string{"ec2:AssociateRouteTable"}, On: []string{"ec2:route-table/*", "ec2:subnet/*"}, When: owned}},
		Read:   []Need{listed("ec2:DescribeRouteTables")},
		Delete: []Need{{Actions: []string{"ec2:DisassociateRouteTable"}, On: []string{"ec2:route-table/*", "ec2:subnet/*"}, When: owned}},
	},
	"aws_vpc_endpoint": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateVpcEndpoint"}, On: []string{"ec2:vpc-endpoint/*"}, When: requested},
			{Actions: []string{"ec2:CreateVpcEndpoint"}, On: []string{"ec2:vpc/*"}, When: owned},
			tagged("ec2:vpc-endpoint/*", "CreateVpcEndpoint"),
		},
		Read:   []Need{listed("ec2:DescribePrefixLists", "ec2:DescribeVpcEndpoints")},
		Update: []Need{{Actions: []string{"ec2:ModifyVpcEndpoint"}, On: []string{"ec2:vpc-endpoint/*"}, When: owned}},
		Delete: []Need{{Actions: []string{"ec2:DeleteVpcEndpoints"}, On: []string{"ec2:vpc-endpoint/*"}, When: owned}},
		Tag:    retagged("ec2:vpc-endpoint/*"),
	},
	"aws_vpc_endpoint[route_table_ids]": { // a gateway
		Source: ec2Source,
		Create: []Need{{Actions: []string{"ec2:CreateVpcEndpoint"}, On: []string{"ec2:route-table/*"}, When: owned}},
		Update: []Need{{Actions: []string{"ec2:ModifyVpcEndpoint"}, On: []string{"ec2:route-table/*"}, When: owned}},
	},
	"aws_vpc_endpoint[subnet_ids]": { // an interface
		Source: ec2Source,
		Create: []Need{{Actions: []string{"ec2:CreateVpcEndpoint"}, On: []string{"ec2:security-group/*", "ec2:subnet/*"}, When: owned}},
		Read:   []Need{listed("ec2:DescribeNetworkInterfaces")},
		Update: []Need{{Actions: []string{"ec2:ModifyVpcEndpoint"}, On: []string{"ec2:security-group/*", "ec2:subnet/*"}, When: owned}},
	},
	"aws_flow_log": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateFlowLogs"}, On: []string{"ec2:vpc-flow-log/*"}, When: requested},
			{Actions: []string{"ec2:CreateFlowLogs"}, On: []string{"ec2:vpc/*"}, When: owned},
			tagged("ec2:vpc-flow-log/*", "CreateFlowLogs"),
			passed("iam_role_arn", "vpc-flow-logs.amazonaws.com"),
		},
		Read:   []Need{listed("ec2:DescribeFlowLogs")},
		Delete: []Need{{Actions: []string{"ec2:DeleteFlowLogs"}, On: []string{"ec2:vpc-flow-log/*"}, When: owned}},
		Tag:    retagged("ec2:vpc-flow-log/*"),
	},
	// AWS makes it together with the VPC, without tags; it is tagged before its rules are taken.
	"aws_default_security_group": {
		Source: ec2Source,
		Create: []Need{
			// Security: a group that has an owner, another stack or EKS, cannot be claimed.
			{
				Actions: []string{"ec2:CreateTags"}, On: []string{"ec2:security-group/*"},
				When: all(requested, unclaimed, when("Null", "aws:ResourceTag/aws:eks:cluster-name", "true")),
			},
			{
				Actions: []string{"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"},
				On:      []string{"ec2:security-group/*"}, When: owned,
			},
			listed("ec2:DescribeSecurityGroupRules"),
		},
		Read: []Need{listed("ec2:DescribeSecurityGroups")},
		Tag:  retagged("ec2:security-group/*"),
		// On destroy Terraform only forgets it.
	},
	"aws_security_group": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateSecurityGroup"}, On: []string{"ec2:security-group/*"}, When: requested},
			{Actions: []string{"ec2:CreateSecurityGroup"}, On: []string{"ec2:vpc/*"}, When: ownerOf("vpc_id")},
			tagged("ec2:security-group/*", "CreateSecurityGroup"),
			// AWS lets a new group send everything anywhere; the provider takes that away.
			{Actions: []string{"ec2:RevokeSecurityGroupEgress"}, On: []string{"ec2:security-group/*"}, When: owned},
		},
		Read: []Need{listed("ec2:DescribeSecurityGroups")},
		Delete: []Need{
			{Actions: []string{"ec2:DeleteSecurityGroup"}, On: []string{"ec2:security-group/*"}, When: owned},
			listed("ec2:DescribeNetworkInterfaces"), // as for subnets
		},
		Tag: retagged("ec2:security-group/*"),
	},
	"aws_vpc_security_group_egress_rule":  groupRule("Egress"),
	"aws_vpc_security_group_ingress_rule": groupRule("Ingress"),
}

// groupRule is a security group's rule of one way, Egress or Ingress.
//
// Security: nothing is asked of the group at the other end, only of the one whose rule it is.
func groupRule(way string) Type {
	authorize, revoke := "AuthorizeSecurityGroup"+way, "RevokeSecurityGroup"+way
	return Type{
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:" + authorize}, On: []string{"ec2:security-group-rule/*"}, When: requested},
			{Actions: []string{"ec2:" + authorize}, On: []string{"ec2:security-group/*"}, When: ownerOf("security_group_id")},
			tagged("ec2:security-group-rule/*", authorize),
		},
		Read: []Need{listed("ec2:DescribeSecurityGroupRules")},
		Update: []Need{
			{Actions: []string{"ec2:ModifySecurityGroupRules"}, On: []string{"ec2:security-group-rule/*"}, When: owned},
			{Actions: []string{"ec2:ModifySecurityGroupRules"}, On: []string{"ec2:security-group/*"}, When: ownerOf("security_group_id")},
		},
		Delete: []Need{{Actions: []string{"ec2:" + revoke}, On: []string{"ec2:security-group/*"}, When: ownerOf("security_group_id")}},
		Tag:    retagged("ec2:security-group-rule/*"),
	}
}
