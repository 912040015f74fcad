package permissions

const chatbotSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awschatbot.html"

// A configuration is of the account: its ARN names no region.
const slackChannel = "chatbot:chat-configuration/slack-channel/{configuration_name}"

// inChatbotRegion is like inRegion. The API is in four regions alone. Elsewhere the provider calls
// it in us-west-2, for topics of whichever region.
// https://docs.aws.amazon.com/general/latest/gr/chatbot.html
var inChatbotRegion = when("StringEquals", "aws:RequestedRegion", region, "us-west-2")

var chatbot = Table{
	"aws_chatbot_slack_channel_configuration": {
		Source: chatbotSource,
		Create: []Need{
			{
				Actions: []string{"chatbot:CreateSlackChannelConfiguration"}, On: []string{"*"},
				When: all(requested, inChatbotRegion), Why: "supports no narrower resource",
			},
			passed("iam_role_arn", "chatbot.amazonaws.com"),
			// It subscribes to the topics, and logs.
			// https://docs.aws.amazon.com/chatbot/latest/adminguide/slr-permissions.html
			serviceRole("management.chatbot.amazonaws.com", "AWSServiceRoleForAWSChatbot"),
		},
		Read: []Need{{
			Actions: []string{"chatbot:DescribeSlackChannelConfigurations"}, On: []string{"*"},
			When: inChatbotRegion, Why: "supports no narrower resource",
		}},
		Update: []Need{{Actions: []string{"chatbot:UpdateSlackChannelConfiguration"}, On: []string{slackChannel}}},
		Delete: []Need{{Actions: []string{"chatbot:DeleteSlackChannelConfiguration"}, On: []string{slackChannel}}},
		Tag:    []Need{{Actions: []string{"chatbot:TagResource"}, On: []string{slackChannel}, When: kept}},
	},
}
