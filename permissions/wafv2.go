package permissions

const wafv2Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html"

const (
	webACL = "wafv2:regional/webacl/{name}/*"
	// Whoever makes or changes a web ACL needs it on what the rules refer to as well.
	managedRules = "wafv2:regional/managedruleset/*"
	// The ACL's name is all that is known of its ARN.
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
	// A change puts it anew.
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
