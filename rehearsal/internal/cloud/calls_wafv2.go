package cloud

import "slices"

const wafHost = "wafv2.amazonaws.com"

// webACL is the web ACL with that ARN.
func (c *calls) webACL(arn string) resource { return c.related(webACLKind, "arn", arn, arn) }

// managedGroups is the resource for AWS's managed rule groups, if the web ACL has any. Whichever
// they are, AWS authorizes all.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
func (c *calls) managedGroups() []resource {
	if slices.ContainsFunc(nestedBlocks(c.a, "rule"), func(rule Attributes) bool { return present(dig(rule, "statement.managed_rule_group_statement")) }) {
		return []resource{{arn: c.arn("wafv2", "regional/managedruleset/*/*")}}
	}
	return nil
}

func init() {
	onSelf := func(action string) func(*calls) { return func(c *calls) { c.do("wafv2:"+action, c.self()) } }
	onACL := func(action string) func(*calls) {
		return func(c *calls) { c.do("wafv2:"+action, c.webACL(text(c.a, "resource_arn"))) }
	}
	put := func(c *calls) {
		c.do("wafv2:PutLoggingConfiguration", c.webACL(text(c.a, "resource_arn")).with("wafv2:LogDestinationResource", texts(any(c.a), "log_destination_configs")...))
	}
	registerCalls(map[string]caller{
		webACLKind: {
			create: func(c *calls) {
				r := c.fresh(c.arn("wafv2", "regional/webacl/"+text(c.a, "name")+"/*"))
				c.do("wafv2:CreateWebACL", append([]resource{r}, c.managedGroups()...)...)
				if len(tagsOf(c.a)) > 0 {
					c.do("wafv2:TagResource", r)
				}
			},
			read: func(c *calls) { onSelf("GetWebACL")(c); onSelf("ListTagsForResource")(c) },
			update: []change{
				{"association_config captcha_config challenge_config custom_response_body data_protection_config default_action description " +
					"rule rule_json token_domains visibility_config", func(c *calls) {
					onSelf("GetWebACL")(c) // for Shield's rule
					c.do("wafv2:UpdateWebACL", append([]resource{c.self()}, c.managedGroups()...)...)
				}},
				{"application_integration_url capacity lock_token", nil},
			},
			tag:    func(c *calls, r resource) { c.do("wafv2:TagResource", r) },
			untag:  func(c *calls, r resource) { c.do("wafv2:UntagResource", onlyKeys(r)) },
			delete: onSelf("DeleteWebACL"),
		},
		// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html#logging-cw-logs-permissions
		webACLLoggingKind: {
			create: func(c *calls) {
				put(c)
				c.delivers(wafHost, "CreateLogDelivery")
			},
			read:   onACL("GetLoggingConfiguration"),
			update: []change{{"logging_filter redacted_fields", put}},
			delete: func(c *calls) {
				onACL("DeleteLoggingConfiguration")(c)
				c.via(wafHost, "logs:DeleteLogDelivery", anything)
			},
		},
	})
}
