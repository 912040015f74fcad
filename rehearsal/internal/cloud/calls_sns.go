package cloud

import (
	"slices"
	"strings"
)

// topic is the topic with that ARN.
func (c *calls) topic(arn string) resource { return c.related(topicKind, "arn", arn, arn) }

func init() {
	onSelf := func(action string) func(*calls) { return func(c *calls) { c.do("sns:"+action, c.self()) } }
	onTopic := func(action string) func(*calls) {
		return func(c *calls) { c.do("sns:"+action, c.topic(text(c.a, "arn"))) }
	}
	// Attributes with one request each. Creating an encrypted topic needs no KMS permission;
	// sending and receiving do.
	// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
	const attributes = "archive_policy content_based_deduplication delivery_policy display_name fifo_throughput_scope kms_master_key_id policy signature_version tracing_config"
	registerCalls(map[string]caller{
		topicKind: {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("sns:CreateTopic", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("sns:TagResource", r)
				}
				if slices.ContainsFunc(strings.Fields(attributes), func(name string) bool { return asksForTopic(c, name) }) {
					onSelf("SetTopicAttributes")(c)
				}
			},
			read:   func(c *calls) { onSelf("GetTopicAttributes")(c); onSelf("ListTagsForResource")(c) },
			update: []change{{attributes, onSelf("SetTopicAttributes")}},
			tag:    func(c *calls, r resource) { c.do("sns:TagResource", r) },
			untag:  func(c *calls, r resource) { c.do("sns:UntagResource", onlyKeys(r)) },
			delete: onSelf("DeleteTopic"),
		},
		"aws_sns_topic_policy": {
			create: onTopic("SetTopicAttributes"),
			read:   onTopic("GetTopicAttributes"),
			update: []change{{"policy", onTopic("SetTopicAttributes")}},
			// A topic always has a policy: deleting it sets the default.
			delete: onTopic("SetTopicAttributes"),
		},
		// Only the creation of a subscription has the topic as its resource.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
		"aws_sns_topic_subscription": {
			create: func(c *calls) {
				c.do("sns:Subscribe", c.topic(text(c.a, "topic_arn")).
					with("sns:Endpoint", text(c.a, "endpoint")).with("sns:Protocol", text(c.a, "protocol")))
			},
			read: looks("sns:GetSubscriptionAttributes"),
			update: []change{
				{"delivery_policy filter_policy filter_policy_scope raw_message_delivery redrive_policy replay_policy subscription_role_arn", looks("sns:SetSubscriptionAttributes")},
				{"confirmation_timeout_in_minutes endpoint_auto_confirms", nil},
			},
			delete: looks("sns:Unsubscribe", "sns:GetSubscriptionAttributes"),
		},
	})
}

// asksForTopic reports whether a topic's attribute is set and is not the default.
func asksForTopic(c *calls, name string) bool {
	switch value := c.a[name]; value {
	case false, 0.0, defaultTopicPolicy(text(c.a, "arn"), c.w.Account):
		return false
	default:
		return !empty(value)
	}
}
