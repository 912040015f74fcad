package cloud

import (
	"regexp"
	"slices"
	"strings"
)

const (
	webACLKind        = "aws_wafv2_web_acl"
	webACLLoggingKind = "aws_wafv2_web_acl_logging_configuration"
)

func init() {
	register(map[string]kind{
		webACLKind: {
			id:     func(*World, Attributes) string { return randomUUID() },
			unique: []string{"name", "scope"}, conflict: "WAFDuplicateItemException",
			replaced: []string{"name", "name_prefix", "scope"},
			opaque:   []string{"rule"},
			check:    checkWebACL,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"name": orElse(text(a, "name_prefix"), "terraform-") + randomHex(26), "name_prefix": "", "application_integration_url": "",
					"lock_token": randomUUID(), "capacity": capacity(a),
				})
				setDefaults(a, Attributes{"arn": w.arn("wafv2", "regional/webacl/"+text(a, "name")+"/"+id)})
			},
			recomputed: []string{"lock_token"},
			renew:      func(_ *World, a, _ Attributes) { a["lock_token"] = randomUUID() },
			// AWS deletes its logging with it, but refuses while a load balancer uses it.
			// https://docs.aws.amazon.com/waf/latest/APIReference/API_DeleteWebACL.html
			alone: true,
			leave: func(w *World, _ string, t *Thing) error {
				arn := text(t.Attributes, "arn")
				if balancer := w.find("aws_lb", webACLOf, arn); balancer != nil {
					return refuse("WAFAssociatedItemException", "AWS WAF couldn't perform the operation because %s is still associated with %s", arn, text(balancer.Attributes, "arn"))
				}
				w.removeOf(webACLLoggingKind, "resource_arn", arn)
				return nil
			},
		},
		webACLLoggingKind: {
			id:       func(_ *World, a Attributes) string { return text(a, "resource_arn") },
			conflict: "WAFDuplicateItemException", // AWS would overwrite the existing one
			replaced: []string{"log_destination_configs", "resource_arn"},
			refers:   map[string]string{"resource_arn": webACLKind + ".arn"},
			check:    checkWebACLLogging,
			alone:    true, // its id is the web ACL's ARN
		},
	})
}

// managedRules are AWS's managed rule groups with their capacity.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
var managedRules = map[string]float64{
	"AWSManagedRulesCommonRuleSet": 700, "AWSManagedRulesAdminProtectionRuleSet": 100, "AWSManagedRulesKnownBadInputsRuleSet": 200,
	"AWSManagedRulesSQLiRuleSet": 200, "AWSManagedRulesLinuxRuleSet": 200, "AWSManagedRulesUnixRuleSet": 100, "AWSManagedRulesWindowsRuleSet": 200,
	"AWSManagedRulesPHPRuleSet": 100, "AWSManagedRulesWordPressRuleSet": 100, "AWSManagedRulesAmazonIpReputationList": 25,
	"AWSManagedRulesAnonymousIpList": 50, "AWSManagedRulesATPRuleSet": 50, "AWSManagedRulesACFPRuleSet": 50, "AWSManagedRulesBotControlRuleSet": 50,
	"AWSManagedRulesAntiDDoSRuleSet": 50,
}

// capacity is in web ACL capacity units. It assumes 2 for any other rule, as a rate limit by
// address needs.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-waf-capacity-units.html
func capacity(a Attributes) float64 {
	sum := 0.0
	for _, rule := range nestedBlocks(a, "rule") {
		if units := managedRules[text(rule, "statement.managed_rule_group_statement.name")]; units > 0 {
			sum += units
		} else {
			sum += 2
		}
	}
	return sum
}

// https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
var (
	webACLName        = regexp.MustCompile(`^[\w-]{1,128}$`)
	webACLDescription = regexp.MustCompile(`^[\w+=:#@/\-,.][\w+=:#@/\-,.\s]+[\w+=:#@/\-,.]$`)
)

func invalidWebACL(format string, args ...any) error {
	return refuse("WAFInvalidParameterException", format, args...)
}

func checkWebACL(_ *World, a, _ Attributes) error {
	name := text(a, "name")
	if name != "" && !webACLName.MatchString(name) {
		return invalidWebACL("web ACL name %q must be up to 128 letters, digits, dashes and underscores", name)
	}
	if description := text(a, "description"); description != "" && (!webACLDescription.MatchString(description) || len(description) > 256) {
		return invalidWebACL("%s: the description %q has characters that AWS WAF does not take, or more than 256", name, description)
	}
	if scope := text(a, "scope"); scope != "REGIONAL" {
		return invalidWebACL("%s: the rehearsal knows web ACLs of scope REGIONAL only, not %q", name, scope)
	}
	if allow, block := dig(a, "default_action.allow"), dig(a, "default_action.block"); present(allow) == present(block) {
		return invalidWebACL("%s: the default action is either to allow or to block", name)
	}
	names, priorities := map[string]bool{}, map[any]bool{}
	for _, rule := range nestedBlocks(a, "rule") {
		called, priority := text(rule, "name"), rule["priority"]
		if names[called] || priorities[priority] {
			return invalidWebACL("%s: rule %q has the name or the priority %v of another rule", name, called, priority)
		}
		names[called], priorities[priority] = true, true
		if err := checkWebACLRule(rule); err != nil {
			return err
		}
	}
	if sum := capacity(a); sum > 5000 {
		return refuse("WAFLimitsExceededException", "%s needs a capacity of %v, 5000 is allowed", name, sum)
	}
	return nil
}

// present reports whether a block is set, even an empty one.
func present(value any) bool {
	list, isList := value.([]any)
	return value != nil && (!isList || len(list) > 0)
}

// checkWebACLRule: a rule group needs an override action, any other rule an action.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_Rule.html
func checkWebACLRule(rule Attributes) error {
	name := text(rule, "name")
	statement, _ := dig(rule, "statement").(Attributes)
	if list, ok := dig(rule, "statement").([]any); ok && len(list) > 0 {
		statement, _ = list[0].(Attributes)
	}
	var kinds []string
	for kind, value := range statement {
		if present(value) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		return invalidWebACL("rule %s has %d statements, it needs one", name, len(kinds))
	}
	group := slices.Contains([]string{"managed_rule_group_statement", "rule_group_reference_statement"}, kinds[0])
	if present(rule["action"]) == group || present(rule["override_action"]) != group {
		return invalidWebACL("rule %s: a group of rules needs an override action, any other rule an action, and neither has both", name)
	}
	if text(rule, "visibility_config.metric_name") == "" {
		return invalidWebACL("rule %s has no visibility configuration with a metric's name", name)
	}
	if managed := text(statement, "managed_rule_group_statement.name"); text(statement, "managed_rule_group_statement.vendor_name") == "AWS" && managedRules[managed] == 0 {
		return invalidWebACL("rule %s: AWS has no managed rule group %q, or the rehearsal does not know it: see rehearsal/internal/cloud/wafv2.go", name, managed)
	}
	if err := checkRuleOverrides(name, statement); err != nil || kinds[0] != "rate_based_statement" {
		return err
	}
	if limit := number(statement, "rate_based_statement.limit"); limit < 10 || limit > 2e9 {
		return invalidWebACL("rule %s: the limit %v is not from 10 to 2,000,000,000", name, limit)
	}
	if window := number(statement, "rate_based_statement.evaluation_window_sec"); !slices.Contains([]float64{0, 60, 120, 300, 600}, window) {
		return invalidWebACL("rule %s: the evaluation window is 60, 120, 300 or 600 seconds, not %v", name, window)
	}
	return nil
}

// checkRuleOverrides: each override names one rule once, and one action. AWS WAF ignores a name that the group
// does not have; settings/waf.go knows them.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_RuleActionOverride.html
func checkRuleOverrides(rule string, statement Attributes) error {
	group, _ := dig(statement, "managed_rule_group_statement").(Attributes)
	if list, ok := dig(statement, "managed_rule_group_statement").([]any); ok && len(list) > 0 {
		group, _ = list[0].(Attributes)
	}
	overrides, seen := nestedBlocks(group, "rule_action_override"), map[string]bool{}
	if len(overrides) > 100 {
		return invalidWebACL("rule %s: 100 overrides are allowed, it has %d", rule, len(overrides))
	}
	for _, override := range overrides {
		name, actions := text(override, "name"), 0
		for _, action := range []string{"allow", "block", "captcha", "challenge", "count"} {
			if present(dig(override, "action_to_use."+action)) {
				actions++
			}
		}
		if name == "" || seen[name] || actions != 1 {
			return invalidWebACL("rule %s: the override of %q must name a rule once, and one action", rule, name)
		}
		seen[name] = true
	}
	return nil
}

// checkWebACLLogging: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
func checkWebACLLogging(w *World, a, _ Attributes) error {
	const prefix = "aws-waf-logs-"
	destinations := texts(any(a), "log_destination_configs")
	if len(destinations) != 1 {
		return refuse("WAFLimitsExceededException", "a web ACL logs to one destination, not to %d", len(destinations))
	}
	arn := destinations[0]
	if group := logGroupName(arn); group == "" || strings.HasSuffix(arn, ":*") || !strings.HasPrefix(group, prefix) {
		return invalidWebACL("Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: LOG_DESTINATION, parameter: %s: it must be a log group whose name begins with %s", arn, prefix)
	}
	if w.find("aws_cloudwatch_log_group", "arn", arn) == nil {
		return refuse("WAFLogDestinationPermissionIssueException", "there is no log group %s", arn)
	}
	for i, field := range nestedBlocks(a, "redacted_fields") {
		count := 0
		for _, value := range field {
			if present(value) {
				count++
			}
		}
		if count != 1 {
			return invalidWebACL("redacted field %d names %d parts of a request, it needs one", i+1, count)
		}
	}
	return nil
}
