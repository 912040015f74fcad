package permissions

const prometheusSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedserviceforprometheus.html"

// AWS makes up a workspace's id, which is in the ARNs of all that it holds.
const (
	promWorkspace = "aps:workspace/*"
	ruleGroups    = "aps:rulegroupsnamespace/*"
)

var prometheus = Table{
	"aws_prometheus_workspace": {
		Source: prometheusSource,
		Create: []Need{
			{Actions: []string{"aps:CreateWorkspace"}, On: []string{"*"}, When: all(requested, inRegion), Why: "a workspace that is yet to be made has no ARN"},
			// Security: as with keys, one of the account that nobody has tagged could be claimed.
			// When it is made AWS may ask for the path of the call instead of an ARN.
			{Actions: []string{"aps:TagResource"}, On: []string{"aps:/workspaces", promWorkspace}, When: all(requested, unclaimed)},
			// The service gives itself three grants, by which it uses the key later.
			// https://docs.aws.amazon.com/prometheus/latest/userguide/encryption-at-rest-Amazon-Service-Prometheus.html
			{Actions: []string{"kms:CreateGrant", "kms:DescribeKey"}, On: []string{"kms:key/*"}, When: all(owned, via("aps"))},
			{Actions: []string{"aps:CreateLoggingConfiguration"}, On: []string{promWorkspace}, When: owned},
			// Security: CloudWatch Logs has one policy for all that services log, which it changes
			// in the name of the caller; it cannot be narrowed to a log group.
			// https://docs.aws.amazon.com/prometheus/latest/userguide/CW-logs.html
			logDelivery("logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
				"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy"),
		},
		Read: []Need{{
			Actions: []string{"aps:DescribeLoggingConfiguration", "aps:DescribeWorkspace", "aps:ListTagsForResource"},
			On:      []string{promWorkspace}, When: owned,
		}},
		Update: []Need{
			{Actions: []string{"aps:UpdateLoggingConfiguration", "aps:UpdateWorkspaceAlias"}, On: []string{promWorkspace}, When: owned},
			logDelivery("logs:UpdateLogDelivery"),
		},
		// The logging goes with the workspace.
		Delete: []Need{
			{Actions: []string{"aps:DeleteWorkspace"}, On: []string{promWorkspace}, When: owned},
			logDelivery("logs:DeleteLogDelivery"),
		},
		Tag: []Need{{Actions: []string{"aps:TagResource"}, On: []string{promWorkspace}, When: all(owned, kept)}},
	},
	"aws_prometheus_rule_group_namespace": {
		Source: prometheusSource,
		Create: []Need{
			{Actions: []string{"aps:CreateRuleGroupsNamespace"}, On: []string{ruleGroups}, When: requested},
			// The reference does not name the workspace, but AWS's own policy for this does.
			// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-ruler-IAM-permissions.html
			{Actions: []string{"aps:CreateRuleGroupsNamespace"}, On: []string{promWorkspace}, When: all(requested, owned)},
			{Actions: []string{"aps:TagResource"}, On: []string{ruleGroups}, When: all(requested, unclaimed)},
		},
		Read:   []Need{{Actions: []string{"aps:DescribeRuleGroupsNamespace", "aps:ListTagsForResource"}, On: []string{ruleGroups}, When: owned}},
		Update: []Need{{Actions: []string{"aps:PutRuleGroupsNamespace"}, On: []string{ruleGroups}, When: owned}},
		Delete: []Need{{Actions: []string{"aps:DeleteRuleGroupsNamespace"}, On: []string{ruleGroups}, When: owned}},
		Tag:    []Need{{Actions: []string{"aps:TagResource"}, On: []string{ruleGroups}, When: all(owned, kept)}},
	},
	"aws_prometheus_alert_manager_definition": {
		Source: prometheusSource,
		Create: []Need{{Actions: []string{"aps:CreateAlertManagerDefinition"}, On: []string{promWorkspace}, When: owned}},
		Read:   []Need{{Actions: []string{"aps:DescribeAlertManagerDefinition"}, On: []string{promWorkspace}, When: owned}},
		Update: []Need{{Actions: []string{"aps:PutAlertManagerDefinition"}, On: []string{promWorkspace}, When: owned}},
		Delete: []Need{{Actions: []string{"aps:DeleteAlertManagerDefinition"}, On: []string{promWorkspace}, When: owned}},
	},
}

// logDelivery is what a service asks of CloudWatch Logs on behalf of whoever has it log.
func logDelivery(actions ...string) Need {
	return Need{Actions: actions, On: []string{"*"}, When: inRegion, Why: "supports no narrower resource"}
}
