package permissions

const snsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html"

// The key's own policy lets publishers use it. Creating a topic needs no KMS permissions.
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
var sns = Table{
	"aws_sns_topic": {
		Source: snsSource,
		Create: []Grant{
			{Actions: []string{"sns:CreateTopic"}, Resources: []string{"sns:{name}"}, Conditions: requestTagged},
			{Actions: []string{"sns:SetTopicAttributes"}, Resources: []string{"sns:{name}"}},
		},
		Read:   []Grant{{Actions: []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"}, Resources: []string{"sns:{name}"}}},
		Delete: []Grant{{Actions: []string{"sns:DeleteTopic"}, Resources: []string{"sns:{name}"}}},
		Tag:    []Grant{{Actions: []string{"sns:TagResource"}, Resources: []string{"sns:{name}"}, Conditions: requestTaggedIfExists}},
	},
	// On destroy the topic gets AWS's default policy.
	"aws_sns_topic_policy": {
		Source: snsSource,
		Create: []Grant{{Actions: []string{"sns:SetTopicAttributes"}, Resources: []string{"sns:{arn}"}}},
		Read:   []Grant{{Actions: []string{"sns:GetTopicAttributes"}, Resources: []string{"sns:{arn}"}}},
	},
	"aws_sns_topic_subscription": {
		Source: snsSource,
		// Security: only for the stack's own protocol, such as email.
		Create: []Grant{{
			Actions: []string{"sns:Subscribe"}, Resources: []string{"sns:{topic_arn}"},
			Conditions: when("StringEquals", "sns:Protocol", "{protocol}"),
		}},
		// The provider also checks whether the topic still has it, and goes on if it may not.
		// https://github.com/hashicorp/terraform-provider-aws/pull/42117
		Read: []Grant{readAll("sns:GetSubscriptionAttributes")},
		// Security: SNS has no resource type for subscriptions. So the role can also end others of
		// the region, but not create them.
		Delete: []Grant{{Actions: []string{"sns:Unsubscribe"}, Resources: []string{"*"}, Conditions: inRegion, Reason: "no resource-level permissions"}},
	},
}
