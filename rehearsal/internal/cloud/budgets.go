package cloud

import (
	"fmt"
	"strconv"
	"strings"
)

const budgetKind = "aws_budgets_budget"

func init() {
	register(map[string]kind{
		budgetKind: {
			id: func(w *World, a Attributes) string { return w.Account + ":" + text(a, "name") },
			// Budgets are the account's, in no region.
			unique: []string{"name"}, conflict: "DuplicateRecordException",
			replaced: []string{"account_id", "name", "name_prefix"},
			check:    checkBudget,
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": fmt.Sprintf("arn:aws:budgets::%s:budget/%s", w.Account, text(a, "name")), "account_id": w.Account, "name_prefix": "",
					"time_period_start": "2026-11-01_00:00", "time_period_end": "2087-06-15_00:00",
				})
			},
		},
	})
	registerCalls(map[string]caller{
		// The permissions are called otherwise than what they permit.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
		budgetKind: {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("budgets:ModifyBudget", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("budgets:TagResource", r)
				}
			},
			// The budget, its notifications and who gets each.
			read: func(c *calls) {
				c.do("budgets:ViewBudget", c.self())
				c.do("budgets:ListTagsForResource", c.self())
			},
			update: []change{{
				"auto_adjust_data budget_type cost_filter cost_types limit_amount limit_unit notification planned_limit time_period_end time_period_start time_unit",
				func(c *calls) { c.do("budgets:ModifyBudget", c.self()) },
			}},
			tag:    func(c *calls, r resource) { c.do("budgets:TagResource", r) },
			untag:  func(c *calls, r resource) { c.do("budgets:UntagResource", onlyKeys(r)) },
			delete: func(c *calls) { c.do("budgets:ModifyBudget", c.self()) },
		},
	})
}

// checkBudget: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html
func checkBudget(w *World, a, _ Attributes) error {
	if limit, err := strconv.ParseFloat(text(a, "limit_amount"), 64); err != nil || limit <= 0 {
		return refuse("InvalidParameterException", "budget limit %q must be a number above 0", text(a, "limit_amount"))
	}
	if name := text(a, "name"); len(name) > 100 || strings.ContainsAny(name, `:\`) {
		return refuse("InvalidParameterException", "budget name %q must be at most 100 characters without : and \\", name)
	}
	notifications, _ := a["notification"].([]any)
	if len(notifications) > 10 {
		return refuse("CreationLimitExceededException", "a budget has at most 10 notifications")
	}
	for _, each := range notifications {
		notification, _ := each.(Attributes)
		topics, addresses := texts(notification["subscriber_sns_topic_arns"], ""), texts(notification["subscriber_email_addresses"], "")
		if len(topics) > 1 || len(addresses) > 10 || len(topics)+len(addresses) == 0 {
			return refuse("InvalidParameterException", "a notification goes to one topic at most, and to ten addresses, and to one of these at least")
		}
		// AWS sends a message to see whether it may.
		for _, arn := range topics {
			policy := w.find("aws_sns_topic_policy", "arn", arn)
			if policy == nil || !strings.Contains(text(policy.Attributes, "policy"), "budgets.amazonaws.com") {
				return refuse("InvalidParameterException", "budgets.amazonaws.com may not publish to %s", arn)
			}
		}
	}
	return nil
}
