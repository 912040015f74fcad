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
		Create: []Need{
			{Actions: []string{"wafv2:CreateWebACL"}, On: []string{webACL}, When: requested},
			{Actions: []string{"wafv2:CreateWebACL"}, On: []string{managedRules}},
		},
		Read:   []Need{{Actions: []string{"wafv2:GetWebACL", "wafv2:ListTagsForResource"}, On: []string{webACL}}},
		Update: []Need{{Actions: []string{"wafv2:UpdateWebACL"}, On: []string{webACL, managedRules}}},
		Delete: []Need{{Actions: []string{"wafv2:DeleteWebACL"}, On: []string{webACL}}},
		Tag:    []Need{{Actions: []string{"wafv2:TagResource"}, On: []string{webACL}, When: kept}},
	},
	// A change puts it anew.
	"aws_wafv2_web_acl_logging_configuration": {
		Source: wafv2Source,
		Create: []Need{
			{Actions: []string{"wafv2:PutLoggingConfiguration"}, On: []string{loggedACL}},
			// Security: as with Prometheus, this cannot be narrowed to a log group.
			// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
			logDelivery("logs:CreateLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"),
		},
		Read: []Need{{Actions: []string{"wafv2:GetLoggingConfiguration"}, On: []string{loggedACL}}},
		Delete: []Need{
			{Actions: []string{"wafv2:DeleteLoggingConfiguration"}, On: []string{loggedACL}},
			logDelivery("logs:DeleteLogDelivery"),
		},
	},
}
