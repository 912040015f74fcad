// Package alarmtopic makes an encrypted SNS topic that sends alarms to people, by email and Slack.
package alarmtopic

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/chatbotslackchannelconfiguration"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/snstopic"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/snstopicpolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/snstopicsubscription"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/iamrole"
	"plinth/constructs/policy"
	"plinth/constructs/terraformdata"
)

// Config of a topic.
type Config struct {
	Name string
	// KeyArn encrypts the messages. Its policy must let the publishers use it: see [UseKey].
	KeyArn *string
	// Publishers may publish to the topic.
	Publishers []Publisher
	// Emails get alarms once they have confirmed AWS's first message.
	Emails []string
	Slack  *Slack
	// Account is the AWS account of the topic and its publishers' resources.
	Account string
}

// Publisher is an AWS service that publishes on behalf of some of the account's resources.
type Publisher struct {
	// Sid names it in policies. Service is its principal, such as cloudwatch.amazonaws.com.
	Sid, Service string
	// SourceArn is the resource that it publishes for; it may end in a star.
	SourceArn string
}

// Slack is a channel of a workspace in which an administrator has authorized AWS.
type Slack struct{ WorkspaceID, ChannelID string }

// Topic is an SNS topic.
type Topic struct {
	constructs.Construct
	Arn *string
	// Ready is what a publisher should depend on.
	Ready cdktf.ITerraformDependable
}

// UseKey returns statements for the key's policy that let publishers encrypt their messages.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
func UseKey(account string, publishers ...Publisher) []policy.Statement {
	var statements []policy.Statement
	for _, p := range publishers {
		statements = append(statements, policy.Statement{
			Sid: p.Sid, Principals: policy.Service(p.Service),
			Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"*"},
			Conditions: publisherConditions(account, p.SourceArn),
		})
	}
	return statements
}

// publisherConditions limit a service to this account and source. Security: all accounts share the
// service (confused deputy).
func publisherConditions(account, source string) []policy.Condition {
	return []policy.Condition{
		{Test: "StringEquals", Variable: "aws:SourceAccount", Values: []string{account}},
		{Test: "ArnLike", Variable: "aws:SourceArn", Values: []string{source}},
	}
}

// New creates a topic.
func New(scope constructs.Construct, id string, config Config) *Topic {
	this := constructs.NewConstruct(scope, &id)
	topic := snstopic.NewSnsTopic(this, jsii.String("topic"), &snstopic.SnsTopicConfig{
		Name:           jsii.String(config.Name),
		KmsMasterKeyId: config.KeyArn,
	})
	var statements []policy.Statement
	for _, p := range config.Publishers {
		statements = append(statements, policy.Statement{
			Sid: p.Sid, Principals: policy.Service(p.Service),
			Actions: []string{"sns:Publish"}, Resources: []string{*topic.Arn()},
			Conditions: publisherConditions(config.Account, p.SourceArn),
		})
	}
	ready := snstopicpolicy.NewSnsTopicPolicy(this, jsii.String("policy"), &snstopicpolicy.SnsTopicPolicyConfig{
		Arn:    topic.Arn(),
		Policy: policy.Document(this, "document", statements...),
	})
	for _, address := range config.Emails {
		snstopicsubscription.NewSnsTopicSubscription(this, jsii.String("email-"+address), &snstopicsubscription.SnsTopicSubscriptionConfig{
			TopicArn: topic.Arn(),
			Protocol: jsii.String("email"),
			Endpoint: jsii.String(address),
		})
	}
	if config.Slack != nil {
		newSlackChannel(this, config, topic.Arn())
	}
	return &Topic{Construct: this, Arn: topic.Arn(), Ready: ready}
}

// readOnly is the most that people may do in AWS from the channel.
const readOnly = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"

// newSlackChannel sends messages to a channel, as cards with the alarm's description.
// https://docs.aws.amazon.com/chatbot/latest/adminguide/related-services.html
func newSlackChannel(scope constructs.Construct, config Config, topicArn *string) {
	role := iamrole.New(scope, "slack-role", iamrole.Config{
		Name:        config.Name + "-slack",
		Description: "What members of the Slack channel may do in AWS from there, which is nothing",
		// Security: the role has no permissions. Showing a message needs none.
		Trust: policy.Statement{
			Principals: policy.Service("chatbot.amazonaws.com"),
			// https://docs.aws.amazon.com/chatbot/latest/adminguide/cross-service-confused-deputy-prevention.html
			Conditions: publisherConditions(config.Account, "arn:aws:chatbot::"+config.Account+":*"),
		},
	})
	// AWS cannot move a configuration to another workspace, and the provider does not say so.
	// https://docs.aws.amazon.com/chatbot/latest/APIReference/API_UpdateSlackChannelConfiguration.html
	workspace := terraformdata.New(scope, "slack-workspace", terraformdata.Config{Input: config.Slack.WorkspaceID})
	chatbotslackchannelconfiguration.NewChatbotSlackChannelConfiguration(scope, jsii.String("slack"),
		&chatbotslackchannelconfiguration.ChatbotSlackChannelConfigurationConfig{
			ConfigurationName:   jsii.String(config.Name),
			IamRoleArn:          role.Arn,
			SlackTeamId:         jsii.String(config.Slack.WorkspaceID),
			SlackChannelId:      jsii.String(config.Slack.ChannelID),
			SnsTopicArns:        &[]*string{topicArn},
			GuardrailPolicyArns: jsii.Strings(readOnly),
			LoggingLevel:        jsii.String("ERROR"),
			Lifecycle:           &cdktf.TerraformResourceLifecycle{ReplaceTriggeredBy: &[]any{"terraform_data." + *workspace.FriendlyUniqueId()}},
		})
}
