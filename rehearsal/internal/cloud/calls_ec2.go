package cloud

import (
	"slices"
	"strings"
)

// ec2ARN is the EC2 resource with that id, * before it has one.
func (c *calls) ec2ARN(kind, id string) resource { return resource{arn: c.arn("ec2", kind+"/"+id)} }

// ec2Of is the EC2 resource of that type and id.
func (c *calls) ec2Of(name, kind, id string) resource {
	if id == "" {
		return resource{}
	}
	r := c.ec2ARN(kind, id)
	if t := c.w.Get(name, id); t != nil {
		r = r.has(tagsOf(t.Attributes), "ec2")
		if network := text(t.Attributes, "vpc_id"); network != "" {
			r = r.with("ec2:Vpc", c.arn("ec2", "vpc/"+network))
		}
	}
	return r.with("ec2:Region", c.w.Region)
}

func (c *calls) vpc(id string) resource {
	return c.ec2Of("aws_vpc", "vpc", id).with("ec2:VpcID", id)
}
func (c *calls) subnet(id string) resource     { return c.ec2Of("aws_subnet", "subnet", id) }
func (c *calls) group(id string) resource      { return c.ec2Of("aws_security_group", "security-group", id) }
func (c *calls) routeTable(id string) resource { return c.ec2Of("aws_route_table", "route-table", id) }

// ec2Self is the resource as it is before the operation, or just after its creation.
func (c *calls) ec2Self(kind string) resource {
	a := c.before
	if a == nil {
		a = c.after
	}
	r := c.ec2ARN(kind, text(a, "id")).has(tagsOf(a), "ec2").with("ec2:Region", c.w.Region)
	if network := text(a, "vpc_id"); network != "" {
		r = r.with("ec2:Vpc", c.arn("ec2", "vpc/"+network))
	}
	return r
}

// makeEC2 adds the request that creates a resource, and CreateTags for its tags.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func (c *calls) makeEC2(action, kind string, others ...resource) {
	made := c.ec2ARN(kind, "*").with("ec2:Region", c.w.Region)
	tags := tagsOf(c.after)
	c.do("ec2:"+action, append([]resource{made.tagged(tags)}, others...)...)
	c.tagsOnCreate(action, kind, tags)
}

func (c *calls) tagsOnCreate(action, kind string, tags map[string]string) {
	if len(tags) > 0 {
		c.do("ec2:CreateTags", c.ec2ARN(kind, "*").tagged(tags).with("ec2:CreateAction", action).with("ec2:Region", c.w.Region))
	}
}

// ec2 completes the caller of a type whose resources IAM calls kind.
func ec2(kind string, row caller) caller {
	tags := func(action string) func(*calls, resource) {
		return func(c *calls, asked resource) {
			r := c.ec2Self(kind)
			for key, values := range asked.context {
				r = r.with(key, values...)
			}
			c.do("ec2:"+action, r)
		}
	}
	row.tag, row.untag = tags("CreateTags"), tags("DeleteTags")
	return row
}

// looks returns a read whose actions take no resource.
func looks(actions ...string) func(*calls) {
	return func(c *calls) {
		for _, action := range actions {
			c.do(action)
		}
	}
}

// lingering is the lookup that the provider makes before it deletes a subnet or security group.
func lingering(c *calls) { c.do("ec2:DescribeNetworkInterfaces") }

func init() {
	vpcAttribute := func(c *calls) { c.do("ec2:ModifyVpcAttribute", c.ec2Self("vpc")) }
	subnetAttribute := func(c *calls) { c.do("ec2:ModifySubnetAttribute", c.ec2Self("subnet")) }
	registerCalls(map[string]caller{
		"aws_vpc": ec2("vpc", caller{
			create: func(c *calls) {
				c.makeEC2("CreateVpc", "vpc")
				if flag(c.a, "enable_dns_hostnames") {
					vpcAttribute(c)
				}
				if c.a["enable_dns_support"] == false {
					vpcAttribute(c)
				}
				if flag(c.a, "enable_network_address_usage_metrics") {
					vpcAttribute(c)
				}
			},
			read: func(c *calls) {
				c.do("ec2:DescribeVpcs")
				c.do("ec2:DescribeVpcAttribute", c.ec2Self("vpc"))
				// The default resources of a VPC.
				looks("ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups")(c)
			},
			update: []change{
				{"enable_dns_hostnames", vpcAttribute}, {"enable_dns_support", vpcAttribute},
				{"enable_network_address_usage_metrics", vpcAttribute},
				{"instance_tenancy", func(c *calls) { c.do("ec2:ModifyVpcTenancy", c.ec2Self("vpc")) }},
			},
			delete: func(c *calls) {
				c.do("ec2:DeleteVpc", c.ec2Self("vpc"))
				c.do("ec2:DescribeVpcs")
			},
		}),
		"aws_subnet": ec2("subnet", caller{
			create: func(c *calls) {
				c.makeEC2("CreateSubnet", "subnet", c.vpc(text(c.a, "vpc_id")))
				if flag(c.a, "map_public_ip_on_launch") {
					subnetAttribute(c)
				}
			},
			read:   looks("ec2:DescribeSubnets"),
			update: []change{{"map_public_ip_on_launch", subnetAttribute}},
			delete: func(c *calls) {
				lingering(c)
				c.do("ec2:DeleteSubnet", c.ec2Self("subnet"))
				c.do("ec2:DescribeSubnets")
			},
		}),
		"aws_internet_gateway": ec2("internet-gateway", caller{
			create: func(c *calls) {
				c.makeEC2("CreateInternetGateway", "internet-gateway")
				if network := text(c.a, "vpc_id"); network != "" {
					c.do("ec2:AttachInternetGateway", c.ec2Self("internet-gateway"), c.vpc(network))
				}
			},
			read: looks("ec2:DescribeInternetGateways"),
			update: []change{{"vpc_id", func(c *calls) {
				c.do("ec2:DetachInternetGateway", c.ec2Self("internet-gateway"), c.vpc(text(c.before, "vpc_id")))
				c.do("ec2:AttachInternetGateway", c.ec2Self("internet-gateway"), c.vpc(text(c.after, "vpc_id")))
			}}},
			delete: func(c *calls) {
				if network := text(c.a, "vpc_id"); network != "" {
					c.do("ec2:DetachInternetGateway", c.ec2Self("internet-gateway"), c.vpc(network))
				}
				c.do("ec2:DescribeInternetGateways")
				c.do("ec2:DeleteInternetGateway", c.ec2Self("internet-gateway"))
			},
		}),
		"aws_eip": ec2("elastic-ip", caller{
			create: func(c *calls) { c.makeEC2("AllocateAddress", "elastic-ip") },
			// The second call reads the reverse DNS name.
			read: looks("ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute"),
			delete: func(c *calls) {
				// The state still has the association with the deleted NAT gateway.
				c.do("ec2:DisassociateAddress", c.ec2Self("elastic-ip"))
				c.do("ec2:ReleaseAddress", c.ec2Self("elastic-ip"))
			},
		}),
		"aws_nat_gateway": ec2("natgateway", caller{
			create: func(c *calls) {
				c.makeEC2("CreateNatGateway", "natgateway", c.subnet(text(c.a, "subnet_id")), c.ec2Of("aws_eip", "elastic-ip", text(c.a, "allocation_id")))
			},
			read: looks("ec2:DescribeNatGateways"),
			delete: func(c *calls) {
				c.do("ec2:DeleteNatGateway", c.ec2Self("natgateway"))
				c.do("ec2:DescribeNatGateways")
			},
		}),
		"aws_route_table": ec2("route-table", caller{
			create: func(c *calls) {
				c.makeEC2("CreateRouteTable", "route-table", c.vpc(text(c.a, "vpc_id")))
			},
			read: looks("ec2:DescribeRouteTables"),
			update: []change{{"route", func(c *calls) {
				c.do("ec2:CreateRoute", c.ec2Self("route-table"))
				c.do("ec2:ReplaceRoute", c.ec2Self("route-table"))
				c.do("ec2:DeleteRoute", c.ec2Self("route-table"))
			}}},
			delete: func(c *calls) {
				c.do("ec2:DescribeRouteTables")
				c.do("ec2:DeleteRouteTable", c.ec2Self("route-table"))
			},
		}),
		"aws_route": {
			create: func(c *calls) { c.do("ec2:CreateRoute", c.routeTable(text(c.a, "route_table_id"))) },
			read:   looks("ec2:DescribeRouteTables"),
			update: []change{{
				"gateway_id nat_gateway_id vpc_endpoint_id transit_gateway_id network_interface_id vpc_peering_connection_id egress_only_gateway_id",
				func(c *calls) { c.do("ec2:ReplaceRoute", c.routeTable(text(c.a, "route_table_id"))) },
			}},
			delete: func(c *calls) {
				c.do("ec2:DeleteRoute", c.routeTable(text(c.a, "route_table_id")))
				c.do("ec2:DescribeRouteTables")
			},
		},
		"aws_route_table_association": {
			create: func(c *calls) {
				c.do("ec2:AssociateRouteTable", c.routeTable(text(c.a, "route_table_id")), c.subnet(text(c.a, "subnet_id")))
			},
			read: looks("ec2:DescribeRouteTables"),
			update: []change{{"route_table_id", func(c *calls) {
				c.do("ec2:ReplaceRouteTableAssociation", c.routeTable(text(c.after, "route_table_id")), c.subnet(text(c.a, "subnet_id")))
			}}, {"id", nil}},
			delete: func(c *calls) {
				c.do("ec2:DisassociateRouteTable", c.routeTable(text(c.a, "route_table_id")), c.subnet(text(c.a, "subnet_id")))
				c.do("ec2:DescribeRouteTables")
			},
		},
		"aws_security_group": ec2("security-group", caller{
			create: func(c *calls) {
				c.makeEC2("CreateSecurityGroup", "security-group", c.vpc(text(c.a, "vpc_id")))
				// AWS allows all egress from a new group; the provider revokes that.
				c.do("ec2:RevokeSecurityGroupEgress", c.ec2Self("security-group"))
				c.inlineRules()
			},
			read:   looks("ec2:DescribeSecurityGroups"),
			update: []change{{"ingress egress", (*calls).inlineRules}, {"revoke_rules_on_delete", nil}},
			delete: func(c *calls) {
				lingering(c)
				c.do("ec2:DeleteSecurityGroup", c.ec2Self("security-group"))
				c.do("ec2:DescribeSecurityGroups")
			},
		}),
		// The provider adopts the group and removes its rules. It never deletes the group.
		"aws_default_security_group": ec2("security-group", caller{
			create: func(c *calls) {
				c.do("ec2:DescribeSecurityGroups")
				group := c.group(text(c.a, "id"))
				if tags := tagsOf(c.after); len(tags) > 0 {
					c.do("ec2:CreateTags", group.tagged(tags))
					group = group.has(tags, "ec2") // the later calls see the tags
				}
				c.do("ec2:DescribeSecurityGroupRules")
				c.do("ec2:RevokeSecurityGroupIngress", group)
				c.do("ec2:RevokeSecurityGroupEgress", group)
			},
			read:   looks("ec2:DescribeSecurityGroups"),
			update: []change{{"ingress egress", (*calls).inlineRules}, {"revoke_rules_on_delete", nil}},
		}),
		"aws_vpc_security_group_ingress_rule": groupRule("Ingress"),
		"aws_vpc_security_group_egress_rule":  groupRule("Egress"),
		"aws_vpc_endpoint": ec2("vpc-endpoint", caller{
			create: func(c *calls) {
				service := text(c.a, "service_name")
				c.do("ec2:CreateVpcEndpoint", append(c.endpointParts(c.a, nil),
					c.vpc(text(c.a, "vpc_id")),
					c.ec2ARN("vpc-endpoint", "*").tagged(tagsOf(c.after)).with("ec2:VpceServiceName", service).
						with("ec2:VpceServiceOwner", "amazon").with("ec2:Region", c.w.Region))...)
				c.tagsOnCreate("CreateVpcEndpoint", "vpc-endpoint", tagsOf(c.after))
			},
			// Only a gateway has a prefix list, but the provider reads it for every endpoint.
			read: func(c *calls) {
				c.do("ec2:DescribeVpcEndpoints")
				c.do("ec2:DescribePrefixLists")
				if text(c.a, "vpc_endpoint_type") == "Interface" { // its interface in each subnet
					c.do("ec2:DescribeNetworkInterfaces")
				}
			},
			update: []change{{"policy private_dns_enabled route_table_ids security_group_ids subnet_ids ip_address_type dns_options", func(c *calls) {
				c.do("ec2:ModifyVpcEndpoint", append(c.endpointParts(c.after, c.before), append(c.endpointParts(c.before, c.after), c.ec2Self("vpc-endpoint"))...)...)
			}}, {"network_interface_ids dns_entry auto_accept subnet_configuration", nil}},
			delete: func(c *calls) {
				c.do("ec2:DeleteVpcEndpoints", c.ec2Self("vpc-endpoint").with("ec2:VpceServiceName", text(c.a, "service_name")))
				c.do("ec2:DescribeVpcEndpoints")
			},
		}),
		"aws_flow_log": ec2("vpc-flow-log", caller{
			// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
			create: func(c *calls) {
				c.makeEC2("CreateFlowLogs", "vpc-flow-log", c.vpc(text(c.a, "vpc_id")))
				c.passRole(text(c.a, "iam_role_arn"), "vpc-flow-logs.amazonaws.com")
			},
			read: looks("ec2:DescribeFlowLogs"),
			delete: func(c *calls) {
				c.do("ec2:DeleteFlowLogs", c.ec2Self("vpc-flow-log"))
				c.do("ec2:DescribeFlowLogs")
			},
		}),
		"data.aws_availability_zones":  {read: looks("ec2:DescribeAvailabilityZones")},
		"data.aws_subnets":             {read: looks("ec2:DescribeSubnets")},
		"data.aws_subnet":              {read: looks("ec2:DescribeSubnets")},
		"data.aws_security_group":      {read: looks("ec2:DescribeSecurityGroups")},
		"data.aws_region":              {},
		"data.aws_partition":           {},
		"data.aws_caller_identity":     {}, // needs no permission
		"data.aws_iam_session_context": {}, // the administrator's alone
		"data.aws_iam_policy_document": {},
	})
}

// inlineRules adds the calls for rules that are set in the group itself.
func (c *calls) inlineRules() {
	for _, direction := range []string{"ingress", "egress"} {
		before, after := c.before[direction], c.after[direction]
		if same(before, after) {
			continue
		}
		action := strings.ToUpper(direction[:1]) + direction[1:]
		if !empty(before) {
			c.do("ec2:RevokeSecurityGroup"+action, c.ec2Self("security-group"))
		}
		if !empty(after) {
			c.do("ec2:AuthorizeSecurityGroup"+action, c.ec2Self("security-group"))
		}
	}
}

// groupRule: a rule that gets tags on creation is a resource of its own to IAM.
func groupRule(direction string) caller {
	return ec2("security-group-rule", caller{
		create: func(c *calls) {
			action, tags := "AuthorizeSecurityGroup"+direction, tagsOf(c.after)
			resources := []resource{c.group(text(c.a, "security_group_id"))}
			if len(tags) > 0 {
				resources = append(resources, c.ec2ARN("security-group-rule", "*").tagged(tags).with("ec2:Region", c.w.Region))
			}
			c.do("ec2:"+action, resources...)
			c.tagsOnCreate(action, "security-group-rule", tags)
		},
		read: looks("ec2:DescribeSecurityGroupRules"),
		update: []change{{
			"cidr_ipv4 cidr_ipv6 description from_port to_port ip_protocol prefix_list_id referenced_security_group_id",
			func(c *calls) {
				c.do("ec2:ModifySecurityGroupRules", c.group(text(c.a, "security_group_id")), c.ec2Self("security-group-rule"))
			},
		}},
		delete: func(c *calls) {
			c.do("ec2:RevokeSecurityGroup"+direction, c.group(text(c.a, "security_group_id")))
		},
	})
}

// endpointParts are an endpoint's route tables, subnets and groups that another does not have.
func (c *calls) endpointParts(of, without Attributes) []resource {
	var all []resource
	for attribute, make := range map[string]func(string) resource{
		"route_table_ids": c.routeTable, "subnet_ids": c.subnet, "security_group_ids": c.group,
	} {
		for _, id := range texts(any(of), attribute) {
			if !slices.Contains(texts(any(without), attribute), id) {
				all = append(all, make(id))
			}
		}
	}
	slices.SortFunc(all, func(a, b resource) int { return strings.Compare(a.arn, b.arn) })
	return all
}
