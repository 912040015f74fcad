package permissions

const prometheusSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedserviceforprometheus.html"

// AWS chooses a workspace's id, which is part of the ARNs of its contents.
const (
	promWorkspace = "aps:workspace/*"
	ruleGroups    = "aps:rulegroupsnamespace/*"
)

var prometheus = Table{
	"aws_prometheus_workspace": {
		Source: prometheusSource,
		Create: []Grant{
			{Actions: []string{"aps:CreateWorkspace"}, Resources: []string{"*"}, Conditions: all(requestTagged, inRegion), Reason: "a new workspace has no ARN yet"},
			// Security: as with keys, this also allows tagging an untagged workspace of the account.
			// On creation AWS may check the path of the call instead of an ARN.
			{Actions: []string{"aps:TagResource"}, Resources: []string{"aps:/workspaces", promWorkspace}, Conditions: all(requestTagged, resourceTaggedIfExists)},
			// The service creates three grants for itself, with which it uses the key later.
			// https://docs.aws.amazon.com/prometheus/latest/userguide/encryption-at-rest-Amazon-Service-Prometheus.html
			{Actions: []string{"kms:CreateGrant", "kms:DescribeKey"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("aps"))},
			{Actions: []string{"aps:CreateLoggingConfiguration"}, Resources: []string{promWorkspace}, Conditions: resourceTagged},
			// Security: CloudWatch Logs has one policy for all services that log, and changes it on
			// behalf of the caller. This grant cannot be narrowed to a log group.
			// https://docs.aws.amazon.com/prometheus/latest/userguide/CW-logs.html
			logDelivery("logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
				"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy"),
		},
		Read: []Grant{{
			Actions:   []string{"aps:DescribeLoggingConfiguration", "aps:DescribeWorkspace", "aps:ListTagsForResource"},
			Resources: []string{promWorkspace}, Conditions: resourceTagged,
		}},
		Update: []Grant{
			{Actions: []string{"aps:UpdateLoggingConfiguration", "aps:UpdateWorkspaceAlias"}, Resources: []string{promWorkspace}, Conditions: resourceTagged},
			logDelivery("logs:UpdateLogDelivery"),
		},
		// Deleting a workspace deletes its logging.
		Delete: []Grant{
			{Actions: []string{"aps:DeleteWorkspace"}, Resources: []string{promWorkspace}, Conditions: resourceTagged},
			logDelivery("logs:DeleteLogDelivery"),
		},
		Tag: []Grant{{Actions: []string{"aps:TagResource"}, Resources: []string{promWorkspace}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	"aws_prometheus_rule_group_namespace": {
		Source: prometheusSource,
		Create: []Grant{
			{Actions: []string{"aps:CreateRuleGroupsNamespace"}, Resources: []string{ruleGroups}, Conditions: requestTagged},
			// The reference does not name the workspace, but AWS's own policy for this does.
			// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-ruler-IAM-permissions.html
			{Actions: []string{"aps:CreateRuleGroupsNamespace"}, Resources: []string{promWorkspace}, Conditions: all(requestTagged, resourceTagged)},
			{Actions: []string{"aps:TagResource"}, Resources: []string{ruleGroups}, Conditions: all(requestTagged, resourceTaggedIfExists)},
		},
		Read:   []Grant{{Actions: []string{"aps:DescribeRuleGroupsNamespace", "aps:ListTagsForResource"}, Resources: []string{ruleGroups}, Conditions: resourceTagged}},
		Update: []Grant{{Actions: []string{"aps:PutRuleGroupsNamespace"}, Resources: []string{ruleGroups}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"aps:DeleteRuleGroupsNamespace"}, Resources: []string{ruleGroups}, Conditions: resourceTagged}},
		Tag:    []Grant{{Actions: []string{"aps:TagResource"}, Resources: []string{ruleGroups}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	"aws_prometheus_alert_manager_definition": {
		Source: prometheusSource,
		Create: []Grant{{Actions: []string{"aps:CreateAlertManagerDefinition"}, Resources: []string{promWorkspace}, Conditions: resourceTagged}},
		Read:   []Grant{{Actions: []string{"aps:DescribeAlertManagerDefinition"}, Resources: []string{promWorkspace}, Conditions: resourceTagged}},
		Update: []Grant{{Actions: []string{"aps:PutAlertManagerDefinition"}, Resources: []string{promWorkspace}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"aps:DeleteAlertManagerDefinition"}, Resources: []string{promWorkspace}, Conditions: resourceTagged}},
	},
}

// logDelivery allows what a service does in CloudWatch Logs on behalf of a caller who enables its log.
func logDelivery(actions ...string) Grant {
	return Grant{Actions: actions, Resources: []string{"*"}, Conditions: inRegion, Reason: "no resource-level permissions"}
}
