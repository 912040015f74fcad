package wholeapp

import (
	"encoding/json"
	"testing"

	"gotest.tools/v3/assert"
)

// TestCountedRules: the groups of the web ACL override exactly the rules in apps.app.web.waf.countRules.
func TestCountedRules(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  string
		want []string
	}{
		"by default, large bodies": {"PLINTH_DEV_APPS_APP_WEB_WAF_COUNT_ONLY=false", []string{"AWSManagedRulesCommonRuleSet/SizeRestrictions_BODY"}},
		"of three groups": {"PLINTH_DEV_APPS_APP_WEB_WAF_COUNT_RULES=[SQLi_COOKIE, AWSManagedIPReputationList, GenericLFI_BODY]", []string{
			"AWSManagedRulesAmazonIpReputationList/AWSManagedIPReputationList", "AWSManagedRulesCommonRuleSet/GenericLFI_BODY", "AWSManagedRulesSQLiRuleSet/SQLi_COOKIE",
		}},
		"none": {"PLINTH_DEV_APPS_APP_WEB_WAF_COUNT_RULES=[]", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t, samples, "PLINTH_ENVIRONMENTS=dev", "PLINTH_DEV_APPS_APP_WEB_WAF_ENABLED=true", test.set)
			assert.DeepEqual(t, overridden(t, first(p, "aws_wafv2_web_acl")), test.want)
		})
	}
}

// overridden returns the rules, as group/rule, that a web ACL counts.
func overridden(t *testing.T, acl object) (counted []string) {
	t.Helper()
	encoded, err := json.Marshal(acl["rule"])
	assert.NilError(t, err)
	var rules []struct {
		Statement struct {
			Group struct {
				Name      string
				Overrides []struct {
					Name   string
					Action map[string]any `json:"action_to_use"`
				} `json:"rule_action_override"`
			} `json:"managed_rule_group_statement"`
		}
	}
	assert.NilError(t, json.Unmarshal(encoded, &rules))
	for _, rule := range rules {
		for _, override := range rule.Statement.Group.Overrides {
			assert.DeepEqual(t, override.Action, map[string]any{"count": map[string]any{}})
			counted = append(counted, rule.Statement.Group.Name+"/"+override.Name)
		}
	}
	return counted
}
