package cloud

import "slices"

const chatbotHost = "chatbot.amazonaws.com"

// chatbotRegion is the region of AWS Chatbot's API, which few regions have. It serves all regions.
// https://docs.aws.amazon.com/general/latest/gr/chatbot.html
func chatbotRegion(region string) string {
	if slices.Contains([]string{"us-east-2", "us-west-2", "eu-west-1", "ap-southeast-1"}, region) {
		return region
	}
	return "us-west-2"
}

// slack is the configuration as it is before the operation, or just after its creation.
func (c *calls) slack() resource {
	a := c.before
	if a == nil {
		a = c.after
	}
	return existing(text(a, "chat_configuration_arn"), tagsOf(a))
}

// slackAs is the configuration with a request's tags.
func (c *calls) slackAs(asked resource) resource {
	asked.arn = text(c.a, "chat_configuration_arn")
	return asked
}

// AWS Chatbot subscribes to topics as its service-linked role. The caller needs no permission.
// https://docs.aws.amazon.com/chatbot/latest/adminguide/using-service-linked-roles.html
func init() {
	describe := looks("chatbot:DescribeSlackChannelConfigurations")
	registerCalls(map[string]caller{slackKind: {
		create: func(c *calls) {
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awschatbot.html
			c.do("chatbot:CreateSlackChannelConfiguration", anything.tagged(tagsOf(c.a)))
			if len(tagsOf(c.a)) > 0 {
				c.do("chatbot:TagResource", c.fresh(text(c.a, "chat_configuration_arn")))
			}
			c.passRole(text(c.a, "iam_role_arn"), chatbotHost)
			c.serviceRole("management.chatbot.amazonaws.com", "AWSServiceRoleForAWSChatbot")
		},
		read: describe, // includes the tags
		update: []change{
			{"configuration_name guardrail_policy_arns iam_role_arn logging_level slack_channel_id slack_team_id sns_topic_arns user_authorization_required", func(c *calls) {
				c.do("chatbot:UpdateSlackChannelConfiguration", c.slack())
				c.passRole(text(c.after, "iam_role_arn"), chatbotHost)
			}},
			{"slack_channel_name slack_team_name", nil},
		},
		tag:    func(c *calls, r resource) { c.do("chatbot:TagResource", c.slackAs(r)) },
		untag:  func(c *calls, r resource) { c.do("chatbot:UntagResource", c.slackAs(onlyKeys(r))) },
		delete: func(c *calls) { c.do("chatbot:DeleteSlackChannelConfiguration", c.slack()); describe(c) },
	}})
}
