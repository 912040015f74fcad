package permissions

const ec2Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"

// tagOnCreate lets EC2 set the tags of a resource when an action creates it, and at no other time.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func tagOnCreate(resource, action string) Grant {
	return Grant{
		Actions: []string{"ec2:CreateTags"}, Resources: []string{resource},
		Conditions: all(when("StringEquals", "ec2:CreateAction", action), requestTagged),
	}
}

func changeTags(resource string) []Grant {
	return []Grant{{Actions: []string{"ec2:CreateTags"}, Resources: []string{resource}, Conditions: all(resourceTagged, requestTaggedIfExists)}}
}

var vpc = Table{
	"aws_vpc": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateVpc"}, Resources: []string{"ec2:vpc/*"}, Conditions: requestTagged},
			tagOnCreate("ec2:vpc/*", "CreateVpc"),
			{Actions: []string{"ec2:ModifyVpcAttribute"}, Resources: []string{"ec2:vpc/*"}, Conditions: resourceTagged},
		},
		Read: []Grant{
			// The provider looks up the VPC's default network ACL, route table and security group.
			readAll("ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"),
			{Actions: []string{"ec2:DescribeVpcAttribute"}, Resources: []string{"ec2:vpc/*"}, Conditions: resourceTagged},
		},
		Delete: []Grant{{Actions: []string{"ec2:DeleteVpc"}, Resources: []string{"ec2:vpc/*"}, Conditions: resourceTagged}},
		Tag:    changeTags("ec2:vpc/*"),
	},
	"aws_subnet": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateSubnet"}, Resources: []string{"ec2:subnet/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:CreateSubnet"}, Resources: []string{"ec2:vpc/*"}, Conditions: resourceTagged},
			tagOnCreate("ec2:subnet/*", "CreateSubnet"),
		},
		Read:   []Grant{readAll("ec2:DescribeSubnets")},
		Update: []Grant{{Actions: []string{"ec2:ModifySubnetAttribute"}, Resources: []string{"ec2:subnet/*"}, Conditions: resourceTagged}},
		Delete: []Grant{
			{Actions: []string{"ec2:DeleteSubnet"}, Resources: []string{"ec2:subnet/*"}, Conditions: resourceTagged},
			// The provider looks for network interfaces that Lambda functions left behind.
			readAll("ec2:DescribeNetworkInterfaces"),
		},
		Tag: changeTags("ec2:subnet/*"),
	},
	"aws_internet_gateway": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateInternetGateway"}, Resources: []string{"ec2:internet-gateway/*"}, Conditions: requestTagged},
			tagOnCreate("ec2:internet-gateway/*", "CreateInternetGateway"),
			{Actions: []string{"ec2:AttachInternetGateway"}, Resources: []string{"ec2:internet-gateway/*", "ec2:vpc/*"}, Conditions: resourceTagged},
		},
		Read: []Grant{readAll("ec2:DescribeInternetGateways")},
		Delete: []Grant{
			{Actions: []string{"ec2:DetachInternetGateway"}, Resources: []string{"ec2:internet-gateway/*", "ec2:vpc/*"}, Conditions: resourceTagged},
			{Actions: []string{"ec2:DeleteInternetGateway"}, Resources: []string{"ec2:internet-gateway/*"}, Conditions: resourceTagged},
		},
		Tag: changeTags("ec2:internet-gateway/*"),
	},
	"aws_eip": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:AllocateAddress"}, Resources: []string{"ec2:elastic-ip/*"}, Conditions: requestTagged},
			tagOnCreate("ec2:elastic-ip/*", "AllocateAddress"),
		},
		Read: []Grant{readAll("ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute")},
		// The state still has the association with the NAT gateway, which Terraform deleted before.
		// The provider tries to remove it all the same.
		Delete: []Grant{{Actions: []string{"ec2:DisassociateAddress", "ec2:ReleaseAddress"}, Resources: []string{"ec2:elastic-ip/*"}, Conditions: resourceTagged}},
		Tag:    changeTags("ec2:elastic-ip/*"),
	},
	"aws_nat_gateway": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateNatGateway"}, Resources: []string{"ec2:natgateway/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:CreateNatGateway"}, Resources: []string{"ec2:elastic-ip/*", "ec2:subnet/*"}, Conditions: resourceTagged},
			tagOnCreate("ec2:natgateway/*", "CreateNatGateway"),
		},
		Read:   []Grant{readAll("ec2:DescribeNatGateways")},
		Delete: []Grant{{Actions: []string{"ec2:DeleteNatGateway"}, Resources: []string{"ec2:natgateway/*"}, Conditions: resourceTagged}},
		Tag:    changeTags("ec2:natgateway/*"),
	},
	"aws_route_table": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateRouteTable"}, Resources: []string{"ec2:route-table/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:CreateRouteTable"}, Resources: []string{"ec2:vpc/*"}, Conditions: resourceTagged},
			tagOnCreate("ec2:route-table/*", "CreateRouteTable"),
		},
		Read:   []Grant{readAll("ec2:DescribeRouteTables")},
		Delete: []Grant{{Actions: []string{"ec2:DeleteRouteTable"}, Resources: []string{"ec2:route-table/*"}, Conditions: resourceTagged}},
		Tag:    changeTags("ec2:route-table/*"),
	},
	"aws_route": {
		Source: ec2Source,
		Create: []Grant{{Actions: []string{"ec2:CreateRoute"}, Resources: []string{"ec2:route-table/*"}, Conditions: resourceTagged}},
		Read:   []Grant{readAll("ec2:DescribeRouteTables")},
		// For another NAT gateway the provider updates the route in place.
		Update: []Grant{{Actions: []string{"ec2:ReplaceRoute"}, Resources: []string{"ec2:route-table/*"}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"ec2:DeleteRoute"}, Resources: []string{"ec2:route-table/*"}, Conditions: resourceTagged}},
	},
	"aws_route_table_association": {
		Source: ec2Source,
		Create: []Grant{{Actions: []string{"ec2:AssociateRouteTable"}, Resources: []string{"ec2:route-table/*", "ec2:subnet/*"}, Conditions: resourceTagged}},
		Read:   []Grant{readAll("ec2:DescribeRouteTables")},
		Delete: []Grant{{Actions: []string{"ec2:DisassociateRouteTable"}, Resources: []string{"ec2:route-table/*", "ec2:subnet/*"}, Conditions: resourceTagged}},
	},
	"aws_vpc_endpoint": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateVpcEndpoint"}, Resources: []string{"ec2:vpc-endpoint/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:CreateVpcEndpoint"}, Resources: []string{"ec2:vpc/*"}, Conditions: resourceTagged},
			tagOnCreate("ec2:vpc-endpoint/*", "CreateVpcEndpoint"),
		},
		Read:   []Grant{readAll("ec2:DescribePrefixLists", "ec2:DescribeVpcEndpoints")},
		Update: []Grant{{Actions: []string{"ec2:ModifyVpcEndpoint"}, Resources: []string{"ec2:vpc-endpoint/*"}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"ec2:DeleteVpcEndpoints"}, Resources: []string{"ec2:vpc-endpoint/*"}, Conditions: resourceTagged}},
		Tag:    changeTags("ec2:vpc-endpoint/*"),
	},
	"aws_vpc_endpoint[route_table_ids]": { // a gateway
		Source: ec2Source,
		Create: []Grant{{Actions: []string{"ec2:CreateVpcEndpoint"}, Resources: []string{"ec2:route-table/*"}, Conditions: resourceTagged}},
		Update: []Grant{{Actions: []string{"ec2:ModifyVpcEndpoint"}, Resources: []string{"ec2:route-table/*"}, Conditions: resourceTagged}},
	},
	"aws_vpc_endpoint[subnet_ids]": { // an interface
		Source: ec2Source,
		Create: []Grant{{Actions: []string{"ec2:CreateVpcEndpoint"}, Resources: []string{"ec2:security-group/*", "ec2:subnet/*"}, Conditions: resourceTagged}},
		Read:   []Grant{readAll("ec2:DescribeNetworkInterfaces")},
		Update: []Grant{{Actions: []string{"ec2:ModifyVpcEndpoint"}, Resources: []string{"ec2:security-group/*", "ec2:subnet/*"}, Conditions: resourceTagged}},
	},
	"aws_flow_log": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateFlowLogs"}, Resources: []string{"ec2:vpc-flow-log/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:CreateFlowLogs"}, Resources: []string{"ec2:vpc/*"}, Conditions: resourceTagged},
			tagOnCreate("ec2:vpc-flow-log/*", "CreateFlowLogs"),
			passRole("iam_role_arn", "vpc-flow-logs.amazonaws.com"),
		},
		Read:   []Grant{readAll("ec2:DescribeFlowLogs")},
		Delete: []Grant{{Actions: []string{"ec2:DeleteFlowLogs"}, Resources: []string{"ec2:vpc-flow-log/*"}, Conditions: resourceTagged}},
		Tag:    changeTags("ec2:vpc-flow-log/*"),
	},
	// AWS creates it with the VPC, without tags. The provider tags it before it revokes its rules.
	"aws_default_security_group": {
		Source: ec2Source,
		Create: []Grant{
			// Security: the role cannot tag a group that another stack or EKS owns.
			{
				Actions: []string{"ec2:CreateTags"}, Resources: []string{"ec2:security-group/*"},
				Conditions: all(requestTagged, resourceTaggedIfExists, when("Null", "aws:ResourceTag/aws:eks:cluster-name", "true")),
			},
			{
				Actions:   []string{"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"},
				Resources: []string{"ec2:security-group/*"}, Conditions: resourceTagged,
			},
			readAll("ec2:DescribeSecurityGroupRules"),
		},
		Read: []Grant{readAll("ec2:DescribeSecurityGroups")},
		Tag:  changeTags("ec2:security-group/*"),
		// On destroy Terraform only removes it from the state.
	},
	"aws_security_group": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateSecurityGroup"}, Resources: []string{"ec2:security-group/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:CreateSecurityGroup"}, Resources: []string{"ec2:vpc/*"}, Conditions: taggedAsOwnerOf("vpc_id")},
			tagOnCreate("ec2:security-group/*", "CreateSecurityGroup"),
			// AWS allows all egress from a new group. The provider revokes that rule.
			{Actions: []string{"ec2:RevokeSecurityGroupEgress"}, Resources: []string{"ec2:security-group/*"}, Conditions: resourceTagged},
		},
		Read: []Grant{readAll("ec2:DescribeSecurityGroups")},
		Delete: []Grant{
			{Actions: []string{"ec2:DeleteSecurityGroup"}, Resources: []string{"ec2:security-group/*"}, Conditions: resourceTagged},
			readAll("ec2:DescribeNetworkInterfaces"), // as for subnets
		},
		Tag: changeTags("ec2:security-group/*"),
	},
	"aws_vpc_security_group_egress_rule":  groupRule("Egress"),
	"aws_vpc_security_group_ingress_rule": groupRule("Ingress"),
}

// groupRule returns the row of a security group's rules in one direction, Egress or Ingress.
//
// Security: EC2 checks permissions only on the group that has the rule, not on the other one.
func groupRule(way string) Type {
	authorize, revoke := "AuthorizeSecurityGroup"+way, "RevokeSecurityGroup"+way
	return Type{
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:" + authorize}, Resources: []string{"ec2:security-group-rule/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:" + authorize}, Resources: []string{"ec2:security-group/*"}, Conditions: taggedAsOwnerOf("security_group_id")},
			tagOnCreate("ec2:security-group-rule/*", authorize),
		},
		Read: []Grant{readAll("ec2:DescribeSecurityGroupRules")},
		Update: []Grant{
			{Actions: []string{"ec2:ModifySecurityGroupRules"}, Resources: []string{"ec2:security-group-rule/*"}, Conditions: resourceTagged},
			{Actions: []string{"ec2:ModifySecurityGroupRules"}, Resources: []string{"ec2:security-group/*"}, Conditions: taggedAsOwnerOf("security_group_id")},
		},
		Delete: []Grant{{Actions: []string{"ec2:" + revoke}, Resources: []string{"ec2:security-group/*"}, Conditions: taggedAsOwnerOf("security_group_id")}},
		Tag:    changeTags("ec2:security-group-rule/*"),
	}
}
