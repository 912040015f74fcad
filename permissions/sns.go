package permissions

const snsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html"

// Whoever sends needs the key, by its own policy; whoever makes a topic needs nothing of KMS.
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
		// Security: nothing but what the settings name can be subscribed, as by email.
		Create: []Grant{{
			Actions: []string{"sns:Subscribe"}, Resources: []string{"sns:{topic_arn}"},
			Conditions: when("StringEquals", "sns:Protocol", "{protocol}"),
		}},
		// The provider also looks whether the topic still has it, and does without if it may not.
		// https://github.com/hashicorp/terraform-provider-aws/pull/42117
		Read: []Grant{readAll("sns:GetSubscriptionAttributes")},
		// Security: SNS has no resource for a subscription, so that others' of the region could be
		// ended too; but not made.
		Delete: []Grant{{Actions: []string{"sns:Unsubscribe"}, Resources: []string{"*"}, Conditions: inRegion, Reason: "no resource-level permissions"}},
	},
}
