package permissions

const snsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html"

// Whoever sends needs the key, by its own policy; whoever makes a topic needs nothing of KMS.
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
var sns = Table{
	"aws_sns_topic": {
		Source: snsSource,
		Create: []Need{
			{Actions: []string{"sns:CreateTopic"}, On: []string{"sns:{name}"}, When: requested},
			{Actions: []string{"sns:SetTopicAttributes"}, On: []string{"sns:{name}"}},
		},
		Read:   []Need{{Actions: []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"}, On: []string{"sns:{name}"}}},
		Delete: []Need{{Actions: []string{"sns:DeleteTopic"}, On: []string{"sns:{name}"}}},
		Tag:    []Need{{Actions: []string{"sns:TagResource"}, On: []string{"sns:{name}"}, When: kept}},
	},
	// On destroy the topic gets AWS's default policy.
	"aws_sns_topic_policy": {
		Source: snsSource,
		Create: []Need{{Actions: []string{"sns:SetTopicAttributes"}, On: []string{"sns:{arn}"}}},
		Read:   []Need{{Actions: []string{"sns:GetTopicAttributes"}, On: []string{"sns:{arn}"}}},
	},
	"aws_sns_topic_subscription": {
		Source: snsSource,
		// Security: nothing but what the settings name can be subscribed, as by email.
		Create: []Need{{
			Actions: []string{"sns:Subscribe"}, On: []string{"sns:{topic_arn}"},
			When: when("StringEquals", "sns:Protocol", "{protocol}"),
		}},
		// The provider also looks whether the topic still has it, and does without if it may not.
		// https://github.com/hashicorp/terraform-provider-aws/pull/42117
		Read: []Need{listed("sns:GetSubscriptionAttributes")},
		// Security: SNS has no resource for a subscription, so that others' of the region could be
		// ended too; but not made.
		Delete: []Need{{Actions: []string{"sns:Unsubscribe"}, On: []string{"*"}, When: inRegion, Why: "supports no narrower resource"}},
	},
}
