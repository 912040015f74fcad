package cloud

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

const topicKind = "aws_sns_topic"

// topicParts are the types that are deleted with their topic, and their attribute with its ARN.
var topicParts = map[string]string{"aws_sns_topic_policy": "arn", "aws_sns_topic_subscription": "topic_arn"}

func init() {
	register(map[string]kind{
		topicKind: {
			id: func(w *World, a Attributes) string {
				return w.arn("sns", orElse(text(a, "name"), orElse(text(a, "name_prefix"), "terraform-")+randomHex(26)))
			},
			// AWS returns the existing topic unless tags or attributes differ; two stacks' tags do:
			// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
			unique: []string{"name"}, conflict: "InvalidParameter",
			replaced: []string{"fifo_topic", "name", "name_prefix"},
			check:    checkTopic,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": id, "name": id[strings.LastIndex(id, ":")+1:], "name_prefix": "", "owner": w.Account, "policy": defaultTopicPolicy(id, w.Account),
					"beginning_archive_time": "", "fifo_throughput_scope": "", "signature_version": 0.0, "tracing_config": "",
				})
			},
			// References do not block its deletion: https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html
			alone: true,
			leave: func(w *World, id string, _ *Thing) error {
				for part, attribute := range topicParts {
					w.removeOf(part, attribute, id)
				}
				return nil
			},
		},
		"aws_sns_topic_policy": {
			id:       func(_ *World, a Attributes) string { return text(a, "arn") },
			replaced: []string{"arn"},
			refers:   map[string]string{"arn": topicKind + ".arn"},
			check:    func(_ *World, a, _ Attributes) error { return checkPolicy(text(a, "policy"), topicPolicySize) },
			fill:     func(w *World, _ string, a Attributes) { setDefaults(a, Attributes{"owner": w.Account}) },
			alone:    true, // its ARN is the topic's
		},
		"aws_sns_topic_subscription": {
			id: func(_ *World, a Attributes) string { return text(a, "topic_arn") + ":" + randomUUID() },
			// AWS would return the existing subscription, which two resources would then share.
			unique: []string{"endpoint", "protocol", "topic_arn"}, conflict: "InvalidParameter",
			replaced: []string{"endpoint", "protocol", "topic_arn"},
			refers:   map[string]string{"topic_arn": topicKind + ".arn"},
			check:    checkSubscription,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": id, "owner_id": w.Account, "confirmation_was_authenticated": false, "filter_policy_scope": "",
					// Pending until the recipient follows the link, which never happens here.
					"pending_confirmation": slices.Contains([]string{"email", "email-json", "http", "https"}, text(a, "protocol")),
				})
			},
		},
	})
}

// topicPolicySize is the maximum size of a topic's policy in characters.
// https://docs.aws.amazon.com/general/latest/gr/sns.html
const topicPolicySize = 30720

// topicName is the pattern for a standard topic's name, or a FIFO topic's without its suffix.
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func checkTopic(_ *World, a, _ Attributes) error {
	name := text(a, "name")
	plain, fifo := strings.CutSuffix(name, ".fifo")
	if name != "" && (fifo != flag(a, "fifo_topic") || !topicName.MatchString(plain) || len(name) > 256) {
		return refuse("InvalidParameter", "Invalid parameter: Topic Name: %q must be up to 256 letters, digits, - and _, and end in .fifo if it is a FIFO topic's", name)
	}
	return checkPolicy(text(a, "policy"), topicPolicySize)
}

// defaultTopicPolicy lets the account do everything with its topic.
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
func defaultTopicPolicy(arn, account string) string {
	policy, _ := json.Marshal(Attributes{"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": []any{Attributes{
		"Sid": "__default_statement_ID", "Effect": "Allow", "Principal": Attributes{"AWS": "*"}, "Resource": arn,
		"Action": []string{
			"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic",
			"SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish",
		},
		"Condition": Attributes{"StringEquals": Attributes{"AWS:SourceOwner": account}},
	}}}) // strings always marshal
	return string(policy)
}

// subscriptionProtocols are the protocols with the form of their endpoints.
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
var subscriptionProtocols = map[string]*regexp.Regexp{
	"application": regexp.MustCompile(`^arn:`), "firehose": regexp.MustCompile(`^arn:`), "lambda": regexp.MustCompile(`^arn:`),
	"sqs": regexp.MustCompile(`^arn:`), "sms": regexp.MustCompile(`^\+?[0-9-]+$`), "email": emailAddress, "email-json": emailAddress,
	"http": regexp.MustCompile(`^http://`), "https": regexp.MustCompile(`^https://`),
}

var emailAddress = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)

func checkSubscription(_ *World, a, _ Attributes) error {
	protocol, endpoint := text(a, "protocol"), text(a, "endpoint")
	pattern, ok := subscriptionProtocols[protocol]
	if !ok {
		return refuse("InvalidParameter", "Invalid parameter: Does not support this protocol string: %s", protocol)
	}
	if !pattern.MatchString(endpoint) {
		return refuse("InvalidParameter", "Invalid parameter: %q is no endpoint of protocol %s", endpoint, protocol)
	}
	return nil
}

// removeOf removes all resources of a type with that attribute value.
func (w *World) removeOf(kind, attribute, value string) {
	var all []string
	w.Each(func(_, key string, t *Thing) bool {
		if text(t.Attributes, attribute) == value {
			all = append(all, key)
		}
		return true
	}, kind)
	for _, key := range all {
		w.Remove(kind, key)
	}
}
