package cloud

import (
	"reflect"
	"slices"
)

// IAM has two actions for Budgets: view, and everything else.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
func init() {
	view := func(c *calls) { c.do("budgets:ViewBudget", c.self()) }
	modify := func(c *calls) { c.do("budgets:ModifyBudget", c.self()) }
	registerCalls(map[string]caller{
		budgetKind: {
			create: func(c *calls) {
				arn := text(c.a, "arn")
				// Only TagResource has the requested tags.
				c.do("budgets:ModifyBudget", resource{arn: arn})
				if len(tagsOf(c.a)) > 0 {
					c.do("budgets:TagResource", c.fresh(arn))
				}
				for range nestedBlocks(c.a, "notification") {
					modify(c)
				}
			},
			// It reads the budget, its notifications and the subscribers of each.
			read: func(c *calls) {
				view(c)
				view(c)
				for range nestedBlocks(c.a, "notification") {
					view(c)
				}
				c.do("budgets:ListTagsForResource", c.self())
			},
			update: []change{
				{"auto_adjust_data budget_type cost_filter cost_types limit_amount limit_unit planned_limit time_period_end time_period_start time_unit", modify},
				// The provider replaces notifications and never updates them.
				{"notification", func(c *calls) {
					modify(c) // the unchanged budget
					before, after := nestedBlocks(c.before, "notification"), nestedBlocks(c.after, "notification")
					for range without(before, after) {
						modify(c)
					}
					for range without(after, before) {
						modify(c)
					}
				}},
			},
			// The provider updates the budget whatever attribute changed.
			tag:    func(c *calls, r resource) { c.do("budgets:TagResource", r); modify(c) },
			untag:  func(c *calls, r resource) { c.do("budgets:UntagResource", onlyKeys(r)); modify(c) },
			delete: modify,
		},
	})
}

// without returns the blocks that are not among others.
func without(blocks, others []Attributes) []Attributes {
	var left []Attributes
	for _, b := range blocks {
		if !slices.ContainsFunc(others, func(other Attributes) bool { return reflect.DeepEqual(b, other) }) {
			left = append(left, b)
		}
	}
	return left
}
