package cloud

// zone is the zone with that id. For its records IAM has condition keys.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func (c *calls) zone(id string) resource { return c.related(zoneKind, "zone_id", id, zoneARN(id)) }

func init() {
	onZone := func(action string) func(*calls) {
		return func(c *calls) { c.do("route53:"+action, c.zone(text(c.a, "zone_id"))) }
	}
	search := func(c *calls) { onZone("GetHostedZone")(c); onZone("ListResourceRecordSets")(c) }
	send := func(c *calls, types []string, actions ...string) {
		c.do("route53:ChangeResourceRecordSets", c.zone(text(c.a, "zone_id")).
			with("route53:ChangeResourceRecordSetsNormalizedRecordNames", c.w.fqdn(c.a)).
			with("route53:ChangeResourceRecordSetsRecordTypes", types...).
			with("route53:ChangeResourceRecordSetsActions", actions...))
		c.do("route53:GetChange", resource{arn: "arn:aws:route53:::change/C0123456789ABCDEFGHIJ"})
	}
	types := func(a Attributes) []string { return []string{text(a, "type")} }
	upsert := func(c *calls) {
		onZone("GetHostedZone")(c)
		send(c, types(c.a), "UPSERT")
	}
	registerCalls(map[string]caller{
		recordKind: {
			create: func(c *calls) {
				if flag(c.a, "allow_overwrite") {
					upsert(c)
					return
				}
				onZone("GetHostedZone")(c)
				send(c, types(c.a), "CREATE")
			},
			read: search,
			update: []change{
				{"alias cidr_routing_policy failover_routing_policy geolocation_routing_policy geoproximity_routing_policy health_check_id " +
					"latency_routing_policy multivalue_answer_routing_policy records ttl weighted_routing_policy allow_overwrite", upsert},
				{"set_identifier type", func(c *calls) {
					onZone("GetHostedZone")(c)
					again := "CREATE"
					if flag(c.after, "allow_overwrite") {
						again = "UPSERT"
					}
					send(c, append(types(c.before), types(c.after)...), "DELETE", again)
				}},
				{"fqdn id", nil},
			},
			delete: func(c *calls) { search(c); send(c, types(c.a), "DELETE") },
		},
		"data.aws_route53_zone": {read: func(c *calls) {
			if text(c.a, "name") != "" {
				c.do("route53:ListHostedZones") // the provider searches for the name
			}
			onZone("GetHostedZone")(c)
			onZone("ListTagsForResource")(c)
		}},
	})
}
