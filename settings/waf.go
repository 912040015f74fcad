package settings

import "slices"

// RuleGroup is a managed rule group of AWS WAF.
type RuleGroup struct {
	Name string
	// Rules are the names of the rules that block.
	Rules []string
}

// RuleGroups are the groups of web.waf, in the order of evaluation. AWS WAF ignores an override that names
// no rule of its group, and says nothing: so countRules is checked against these names.
//   - https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html
//   - https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
//   - https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-use-case.html
//   - https://docs.aws.amazon.com/waf/latest/APIReference/API_RuleActionOverride.html
var RuleGroups = []RuleGroup{
	// The group's third rule, AWSManagedIPDDoSList, counts already.
	{"AWSManagedRulesAmazonIpReputationList", []string{"AWSManagedIPReputationList", "AWSManagedReconnaissanceList"}},
	{"AWSManagedRulesKnownBadInputsRuleSet", []string{
		"JavaDeserializationRCE_HEADER", "JavaDeserializationRCE_BODY", "JavaDeserializationRCE_URIPATH", "JavaDeserializationRCE_QUERYSTRING",
		"Host_localhost_HEADER", "PROPFIND_METHOD", "ExploitablePaths_URIPATH",
		"Log4JRCE_HEADER", "Log4JRCE_QUERYSTRING", "Log4JRCE_BODY", "Log4JRCE_URIPATH", "ReactJSRCE_BODY",
	}},
	{"AWSManagedRulesCommonRuleSet", []string{
		"NoUserAgent_HEADER", "UserAgent_BadBots_HEADER",
		"SizeRestrictions_QUERYSTRING", "SizeRestrictions_Cookie_HEADER", sizeOfBody, "SizeRestrictions_URIPATH",
		"EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_URIPATH", "EC2MetaDataSSRF_QUERYARGUMENTS",
		"GenericLFI_QUERYARGUMENTS", "GenericLFI_URIPATH", "GenericLFI_BODY",
		"RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS",
		"GenericRFI_QUERYARGUMENTS", "GenericRFI_BODY", "GenericRFI_URIPATH",
		"CrossSiteScripting_COOKIE", "CrossSiteScripting_QUERYARGUMENTS", "CrossSiteScripting_BODY", "CrossSiteScripting_URIPATH",
	}},
	{"AWSManagedRulesSQLiRuleSet", []string{
		"SQLi_QUERYARGUMENTS", "SQLiExtendedPatterns_QUERYARGUMENTS", "SQLi_BODY", "SQLiExtendedPatterns_BODY", "SQLi_COOKIE", "SQLi_URIPATH",
	}},
}

// sizeOfBody blocks bodies of more than 8 KB, as every upload is.
const sizeOfBody = "SizeRestrictions_BODY"

// ruleNames returns the names of all rules of RuleGroups.
func ruleNames() []string {
	var names []string
	for _, group := range RuleGroups {
		names = append(names, group.Rules...)
	}
	return names
}

// CountedIn returns the rules of a group that only count.
func (w WAF) CountedIn(group RuleGroup) []string {
	var counted []string
	for _, name := range group.Rules {
		if slices.Contains(w.CountRules, name) {
			counted = append(counted, name)
		}
	}
	return counted
}
