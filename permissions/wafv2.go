package permissions

const wafv2Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html"

const (
	webACL = "wafv2:regional/webacl/{name}/*"
	// Creating or changing a web ACL needs the permission on its managed rules too.
	managedRules = "wafv2:regional/managedruleset/*"
	// Only the name in the ACL's ARN is known before apply.
	loggedACL = "wafv2:regional/webacl/{resource_arn}/*"
)

var wafv2 = Table{
	"aws_wafv2_web_acl": {
		Source: wafv2Source,
		Create: []Grant{
			{Actions: []string{"wafv2:CreateWebACL"}, Resources: []string{webACL}, Conditions: requestTagged},
			{Actions: []string{"wafv2:CreateWebACL"}, Resources: []string{managedRules}},
		},
		Read:   []Grant{{Actions: []string{"wafv2:GetWebACL", "wafv2:ListTagsForResource"}, Resources: []string{webACL}}},
		Update: []Grant{{Actions: []string{"wafv2:UpdateWebACL"}, Resources: []string{webACL, managedRules}}},
		Delete: []Grant{{Actions: []string{"wafv2:DeleteWebACL"}, Resources: []string{webACL}}},
		Tag:    []Grant{{Actions: []string{"wafv2:TagResource"}, Resources: []string{webACL}, Conditions: requestTaggedIfExists}},
	},
	// An update puts it again.
	"aws_wafv2_web_acl_logging_configuration": {
		Source: wafv2Source,
		Create: []Grant{
			{Actions: []string{"wafv2:PutLoggingConfiguration"}, Resources: []string{loggedACL}},
			// Security: as with Prometheus, this cannot be narrowed to a log group.
			// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
			logDelivery("logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"),
		},
		Read: []Grant{{Actions: []string{"wafv2:GetLoggingConfiguration"}, Resources: []string{loggedACL}}},
		Delete: []Grant{
			{Actions: []string{"wafv2:DeleteLoggingConfiguration"}, Resources: []string{loggedACL}},
			logDelivery("logs:DeleteLogDelivery"),
		},
	},
}
