package permissions

const chatbotSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awschatbot.html"

// A configuration is global: its ARN has no region.
const slackChannel = "chatbot:chat-configuration/slack-channel/{configuration_name}"

// inChatbotRegion is inRegion or us-west-2. Only four regions have the API. For the others the
// provider calls it in us-west-2.
// https://docs.aws.amazon.com/general/latest/gr/chatbot.html
var inChatbotRegion = when("StringEquals", "aws:RequestedRegion", region, "us-west-2")

var chatbot = Table{
	"aws_chatbot_slack_channel_configuration": {
		Source: chatbotSource,
		Create: []Grant{
			{
				Actions: []string{"chatbot:CreateSlackChannelConfiguration"}, Resources: []string{"*"},
				Conditions: all(requestTagged, inChatbotRegion), Reason: "no resource-level permissions",
			},
			passRole("iam_role_arn", "chatbot.amazonaws.com"),
			// This role subscribes to the topics and writes logs.
			// https://docs.aws.amazon.com/chatbot/latest/adminguide/slr-permissions.html
			serviceLinkedRole("management.chatbot.amazonaws.com", "AWSServiceRoleForAWSChatbot"),
		},
		Read: []Grant{{
			Actions: []string{"chatbot:DescribeSlackChannelConfigurations"}, Resources: []string{"*"},
			Conditions: inChatbotRegion, Reason: "no resource-level permissions",
		}},
		Update: []Grant{{Actions: []string{"chatbot:UpdateSlackChannelConfiguration"}, Resources: []string{slackChannel}}},
		Delete: []Grant{{Actions: []string{"chatbot:DeleteSlackChannelConfiguration"}, Resources: []string{slackChannel}}},
		Tag:    []Grant{{Actions: []string{"chatbot:TagResource"}, Resources: []string{slackChannel}, Conditions: requestTaggedIfExists}},
	},
}
