package cloud

// vpnKeys adds IAM's condition keys for a Client VPN endpoint, without its tags.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (c *calls) vpnKeys(r resource, a Attributes) resource {
	r = r.with("ec2:Region", c.w.Region).with("ec2:ServerCertificateArn", text(a, "server_certificate_arn"))
	for _, who := range nestedBlocks(a, "authentication_options") {
		if arn := text(who, "root_certificate_chain_arn"); arn != "" {
			r = r.with("ec2:ClientRootCertificateChainArn", arn)
		}
		if arn := text(who, "saml_provider_arn"); arn != "" {
			r = r.with("ec2:SamlProviderArn", arn)
		}
	}
	const log = "connection_log_options.cloudwatch_log_"
	if group := text(a, log+"group"); group != "" {
		arn := c.arn("logs", "log-group:"+group)
		r = r.with("ec2:CloudwatchLogGroupArn", arn)
		if stream := text(a, log+"stream"); stream != "" {
			r = r.with("ec2:CloudwatchLogStreamArn", arn+":log-stream:"+stream)
		}
	}
	return r
}

// vpn is the endpoint with that id.
func (c *calls) vpn(id string) resource {
	r := c.ec2Of(vpnKind, "client-vpn-endpoint", id)
	if t := c.w.Get(vpnKind, id); t != nil {
		r = c.vpnKeys(r, t.Attributes)
	}
	return r
}

// vpnParts are an endpoint's VPC and security groups.
func (c *calls) vpnParts(a Attributes) []resource {
	var all []resource
	if network := text(a, "vpc_id"); network != "" {
		all = append(all, c.vpc(network))
	}
	for _, group := range texts(any(a), "security_group_ids") {
		all = append(all, c.group(group))
	}
	return all
}

func init() {
	describe := looks("ec2:DescribeClientVpnEndpoints")
	self := func(c *calls) resource {
		a := c.before
		if a == nil {
			a = c.after
		}
		return c.vpnKeys(c.ec2Self("client-vpn-endpoint"), a)
	}
	onEndpoint := func(action string, others ...func(*calls) resource) func(*calls) {
		return func(c *calls) {
			all := []resource{c.vpn(text(c.a, "client_vpn_endpoint_id"))}
			for _, other := range others {
				all = append(all, other(c))
			}
			c.do("ec2:"+action, all...)
		}
	}
	targets, rules := onEndpoint("DescribeClientVpnTargetNetworks"), onEndpoint("DescribeClientVpnAuthorizationRules")
	registerCalls(map[string]caller{
		// The service-linked role reads certificates and logs; the caller needs no permission.
		// https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/using-service-linked-roles-cvpn.html
		vpnKind: ec2("client-vpn-endpoint", caller{
			create: func(c *calls) {
				tags := tagsOf(c.after)
				made := c.vpnKeys(c.ec2ARN("client-vpn-endpoint", "*"), c.after).tagged(tags)
				c.do("ec2:CreateClientVpnEndpoint", append([]resource{made}, c.vpnParts(c.after)...)...)
				c.tagsOnCreate("CreateClientVpnEndpoint", "client-vpn-endpoint", tags)
				c.serviceRole("clientvpn.amazonaws.com", "AWSServiceRoleForClientVPN")
			},
			read: describe,
			update: []change{
				{"client_connect_options client_login_banner_options client_route_enforcement_options connection_log_options description disconnect_on_session_timeout " +
					"dns_servers security_group_ids self_service_portal server_certificate_arn session_timeout_hours split_tunnel vpc_id vpn_port", func(c *calls) {
					c.do("ec2:ModifyClientVpnEndpoint", append([]resource{self(c)}, c.vpnParts(c.after)...)...)
				}},
				{"self_service_portal_url", nil},
			},
			delete: func(c *calls) { c.do("ec2:DeleteClientVpnEndpoint", self(c)); describe(c) },
		}),
		vpnAssociationKind: {
			create: onEndpoint("AssociateClientVpnTargetNetwork", func(c *calls) resource { return c.subnet(text(c.a, "subnet_id")) }),
			read:   targets,
			delete: func(c *calls) { onEndpoint("DisassociateClientVpnTargetNetwork")(c); targets(c) },
		},
		vpnRuleKind: {
			create: onEndpoint("AuthorizeClientVpnIngress"),
			read:   rules,
			delete: func(c *calls) { onEndpoint("RevokeClientVpnIngress")(c); rules(c) },
		},
	})
}
