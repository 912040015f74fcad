// Package webacl makes an AWS WAF web ACL for load balancers: AWS's managed rules, and a rate limit
// for each address.
package webacl

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/wafv2webacl"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/wafv2webaclloggingconfiguration"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/loggroup"
)

// Config of a web ACL.
type Config struct {
	Name string
	// RequestsPer5Minutes is how many requests one address may send, 10 to 2,000,000,000.
	RequestsPer5Minutes int
	// CountOnly logs the requests that the rules would block, and blocks none. Use it at first.
	CountOnly bool
	// RuleGroups are managed rule groups of AWS, in the order of evaluation.
	// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
	RuleGroups []RuleGroup

	KeyArn           *string
	LogRetentionDays int
}

// RuleGroup is a managed rule group of AWS.
type RuleGroup struct {
	Name string
	// CountRules are the group's rules that count and log matching requests instead of blocking them.
	CountRules []string
}

// WebACL is a web ACL.
type WebACL struct {
	constructs.Construct
	Arn *string
	// Ready is what a load balancer's Ingress should depend on.
	Ready cdktf.ITerraformDependable
}

// New creates a web ACL.
func New(scope constructs.Construct, id string, config Config) *WebACL {
	this := constructs.NewConstruct(scope, &id)
	acl := wafv2webacl.NewWafv2WebAcl(this, jsii.String("acl"), &wafv2webacl.Wafv2WebAclConfig{
		Name:          jsii.String(config.Name),
		Description:   jsii.String("What may reach the load balancer"),
		Scope:         jsii.String("REGIONAL"),
		DefaultAction: &wafv2webacl.Wafv2WebAclDefaultAction{Allow: &wafv2webacl.Wafv2WebAclDefaultActionAllow{}},
		Rule:          rules(config),
		// When it goes, Terraform deletes it after the release has dissociated it: AWS deletes none in use.
		// https://docs.aws.amazon.com/waf/latest/APIReference/API_DeleteWebACL.html
		Lifecycle: &cdktf.TerraformResourceLifecycle{CreateBeforeDestroy: jsii.Bool(true)},
		VisibilityConfig: &wafv2webacl.Wafv2WebAclVisibilityConfig{
			CloudwatchMetricsEnabled: jsii.Bool(true), SampledRequestsEnabled: jsii.Bool(true), MetricName: jsii.String(config.Name),
		},
	})
	logs := loggroup.New(this, "logs", loggroup.Config{
		// AWS WAF writes only to log groups with this prefix.
		// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
		Name:          "aws-waf-logs-" + config.Name,
		RetentionDays: config.LogRetentionDays,
		KeyArn:        config.KeyArn,
	})
	// Security: keep credentials out of the log.
	secret := func(header string) *wafv2webaclloggingconfiguration.Wafv2WebAclLoggingConfigurationRedactedFields {
		return &wafv2webaclloggingconfiguration.Wafv2WebAclLoggingConfigurationRedactedFields{
			SingleHeader: &wafv2webaclloggingconfiguration.Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader{Name: jsii.String(header)},
		}
	}
	ready := wafv2webaclloggingconfiguration.NewWafv2WebAclLoggingConfiguration(this, jsii.String("logging"),
		&wafv2webaclloggingconfiguration.Wafv2WebAclLoggingConfigurationConfig{
			ResourceArn:           acl.Arn(),
			LogDestinationConfigs: &[]*string{logs.Arn()},
			RedactedFields:        []*wafv2webaclloggingconfiguration.Wafv2WebAclLoggingConfigurationRedactedFields{secret("authorization"), secret("cookie")},
		})
	return &WebACL{Construct: this, Arn: acl.Arn(), Ready: ready}
}

// rules returns the rules in the order of their priority. Statements are maps of Terraform's
// arguments: they nest without limit, and the bindings have no types for that.
func rules(config Config) []*wafv2webacl.Wafv2WebAclRule {
	rate := wafv2webacl.Wafv2WebAclRule{
		Name: jsii.String("rate"),
		Statement: map[string]any{"rate_based_statement": map[string]any{
			"aggregate_key_type": "IP", "limit": config.RequestsPer5Minutes, "evaluation_window_sec": 300,
		}},
		Action: &wafv2webacl.Wafv2WebAclRuleAction{Block: &wafv2webacl.Wafv2WebAclRuleActionBlock{}},
	}
	if config.CountOnly {
		rate.Action = &wafv2webacl.Wafv2WebAclRuleAction{Count: &wafv2webacl.Wafv2WebAclRuleActionCount{}}
	}
	all := []*wafv2webacl.Wafv2WebAclRule{&rate}
	for _, group := range config.RuleGroups {
		// The rules of a group have their own actions. Keep them, or only count.
		override := &wafv2webacl.Wafv2WebAclRuleOverrideAction{None: &wafv2webacl.Wafv2WebAclRuleOverrideActionNone{}}
		if config.CountOnly {
			override = &wafv2webacl.Wafv2WebAclRuleOverrideAction{Count: &wafv2webacl.Wafv2WebAclRuleOverrideActionCount{}}
		}
		all = append(all, &wafv2webacl.Wafv2WebAclRule{
			Name:           jsii.String(group.Name),
			Statement:      map[string]any{"managed_rule_group_statement": group.statement()},
			OverrideAction: override,
		})
	}
	for i, rule := range all {
		rule.Priority = jsii.Number(i)
		rule.VisibilityConfig = &wafv2webacl.Wafv2WebAclRuleVisibilityConfig{
			CloudwatchMetricsEnabled: jsii.Bool(true), SampledRequestsEnabled: jsii.Bool(true), MetricName: rule.Name,
		}
	}
	return all
}

func (g RuleGroup) statement() map[string]any {
	statement := map[string]any{"vendor_name": "AWS", "name": g.Name}
	var overrides []any
	for _, rule := range g.CountRules {
		overrides = append(overrides, map[string]any{"name": rule, "action_to_use": map[string]any{"count": map[string]any{}}})
	}
	if len(overrides) > 0 {
		statement["rule_action_override"] = overrides
	}
	return statement
}
