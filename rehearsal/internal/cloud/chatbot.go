package cloud

import (
	"regexp"
	"slices"
)

const slackKind = "aws_chatbot_slack_channel_configuration"

func init() {
	register(map[string]kind{slackKind: {
		id: func(w *World, a Attributes) string { return slackARN(w, text(a, "configuration_name")) },
		// Its only id is its ARN.
		key:      func(a Attributes) string { return orElse(text(a, "chat_configuration_arn"), text(a, "id")) },
		conflict: "ConflictException",
		opaque:   []string{"chat_configuration_arn"}, // its own ARN
		check:    checkSlack,
		renew:    func(_ *World, a, before Attributes) { a["id"] = before["id"] },
		fill: func(_ *World, id string, a Attributes) {
			setDefaults(a, Attributes{
				"chat_configuration_arn": id, "slack_team_name": "rehearsal", "slack_channel_name": "rehearsal",
				"logging_level": "NONE", "user_authorization_required": false, "sns_topic_arns": []any{},
				// https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html
				"guardrail_policy_arns": []any{"arn:aws:iam::aws:policy/AdministratorAccess"},
			})
		},
	}})
}

// slackARN has no region.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awschatbot.html
func slackARN(w *World, name string) string {
	return "arn:aws:chatbot::" + w.Account + ":chat-configuration/slack-channel/" + name
}

// Patterns of https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html
var (
	slackName    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	slackTeam    = regexp.MustCompile(`^[0-9A-Z]{1,255}$`)
	slackChannel = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)
)

// checkSlack assumes that the workspace is authorized, a manual step in the console.
// https://docs.aws.amazon.com/chatbot/latest/adminguide/slack-setup.html
func checkSlack(w *World, a, before Attributes) error {
	for attribute, pattern := range map[string]*regexp.Regexp{
		"configuration_name": slackName, "slack_team_id": slackTeam, "slack_channel_id": slackChannel,
	} {
		if value := text(a, attribute); !pattern.MatchString(value) {
			return refuse("InvalidParameterException", "%s %q does not match %s", attribute, value, pattern)
		}
	}
	if level := text(a, "logging_level"); !slices.Contains([]string{"", "ERROR", "INFO", "NONE"}, level) {
		return refuse("InvalidParameterException", "logging_level %q is none of ERROR, INFO and NONE", level)
	}
	var err error
	w.Each(func(_, key string, t *Thing) bool {
		if text(t.Attributes, "slack_channel_id") == text(a, "slack_channel_id") && text(t.Attributes, "slack_team_id") == text(a, "slack_team_id") &&
			text(t.Attributes, "chat_configuration_arn") != text(a, "chat_configuration_arn") {
			err = refuse("ConflictException", "Slack channel %s of team %s has already been configured, by %s",
				text(a, "slack_channel_id"), text(a, "slack_team_id"), key)
		}
		return err == nil
	}, slackKind)
	if err != nil || before == nil {
		return err
	}
	// The provider plans an update in place, but the request has neither attribute.
	// https://docs.aws.amazon.com/chatbot/latest/APIReference/API_UpdateSlackChannelConfiguration.html
	for _, attribute := range []string{"configuration_name", "slack_team_id"} {
		if was, now := text(before, attribute), text(a, attribute); was != now {
			return refuse("Provider produced inconsistent result after apply", ".%s: was %q, but now %q: replace the resource", attribute, now, was)
		}
	}
	return nil
}
