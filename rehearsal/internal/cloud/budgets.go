package cloud

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const budgetKind = "aws_budgets_budget"

func init() {
	register(map[string]kind{
		budgetKind: {
			id: func(w *World, a Attributes) string {
				return w.Account + ":" + orElse(text(a, "name"), orElse(text(a, "name_prefix"), "terraform-")+randomHex(26))
			},
			unique: []string{"name"}, conflict: "DuplicateRecordException",
			replaced: []string{"account_id", "name", "name_prefix"},
			check:    checkBudget,
			fill:     fillBudget,
		},
	})
}

func fillBudget(w *World, id string, a Attributes) {
	_, name, _ := strings.Cut(id, ":")
	setDefaults(a, Attributes{
		"arn":  fmt.Sprintf("arn:aws:budgets::%s:budget/%s", w.Account, name), // a global service: no region
		"name": name, "name_prefix": "", "account_id": w.Account, "cost_filter": []any{},
		"limit_amount": "", "limit_unit": "",
		// The defaults: from the month of creation, without an end.
		// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_TimePeriod.html
		"time_period_start": time.Now().UTC().Format("2006-01") + "-01_00:00", "time_period_end": "2087-06-15_00:00",
	})
	costs := block(a, "cost_types")
	for _, included := range []string{
		"include_credit", "include_discount", "include_other_subscription", "include_recurring", "include_refund",
		"include_subscription", "include_support", "include_tax", "include_upfront",
	} {
		setDefault(costs, included, true)
	}
	setDefaults(costs, Attributes{"use_amortized": false, "use_blended": false})
}

func invalidBudget(format string, args ...any) error {
	return refuse("InvalidParameterException", format, args...)
}

// budgetName: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
var budgetName = regexp.MustCompile(`^[^:\\]{1,100}$`)

// budgetEnums are the allowed values for a budget, notificationEnums for a notification.
var (
	budgetEnums = map[string][]string{
		"budget_type": {"USAGE", "COST", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"},
		"time_unit":   {"DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY"},
	}
	notificationEnums = map[string][]string{
		"comparison_operator": {"GREATER_THAN", "LESS_THAN", "EQUAL_TO"},
		"notification_type":   {"ACTUAL", "FORECASTED"},
		"threshold_type":      {"PERCENTAGE", "ABSOLUTE_VALUE"},
	}
)

func checkEnums(of string, a Attributes, enums map[string][]string) error {
	for attribute, values := range enums {
		if value := text(a, attribute); !slices.Contains(values, value) {
			return invalidBudget("%s: %s %q is none of %s", of, attribute, value, strings.Join(values, ", "))
		}
	}
	return nil
}

func checkBudget(_ *World, a, _ Attributes) error {
	name := text(a, "name")
	if name != "" && (!budgetName.MatchString(name) || strings.Contains(name, "/action/")) {
		return invalidBudget(`budget name %q must have 1 to 100 characters, and neither :, \ nor /action/`, name)
	}
	if err := checkEnums("budget "+name, a, budgetEnums); err != nil {
		return err
	}
	if len(nestedBlocks(a, "planned_limit"))+len(nestedBlocks(a, "auto_adjust_data")) == 0 {
		if limit, err := strconv.ParseFloat(text(a, "limit_amount"), 64); err != nil || limit <= 0 {
			return invalidBudget("budget %s: limit_amount %q is not a number above 0", name, text(a, "limit_amount"))
		}
		// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Spend.html
		if unit := text(a, "limit_unit"); text(a, "budget_type") == "COST" && unit != "USD" {
			return invalidBudget("budget %s: limit_unit %q of costs is not USD", name, unit)
		}
	}
	return checkNotifications(name, nestedBlocks(a, "notification"))
}

// checkNotifications: a budget has up to 5 notifications, each for up to 1 topic and 10 addresses.
// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html
func checkNotifications(budget string, notifications []Attributes) error {
	if len(notifications) > 5 {
		return refuse("CreationLimitExceededException", "budget %s has %d notifications, 5 are allowed", budget, len(notifications))
	}
	told := map[string]bool{}
	for _, n := range notifications {
		if err := checkEnums("a notification of "+budget, n, notificationEnums); err != nil {
			return err
		}
		what := fmt.Sprint(n["notification_type"], " ", n["comparison_operator"], " ", n["threshold"], " ", n["threshold_type"])
		if told[what] {
			return refuse("DuplicateRecordException", "budget %s has the notification %s already", budget, what)
		}
		told[what] = true
		if number(n, "threshold") <= 0 {
			return invalidBudget("budget %s: the threshold %v of a notification is not above 0", budget, n["threshold"])
		}
		topics, people := texts(any(n), "subscriber_sns_topic_arns"), texts(any(n), "subscriber_email_addresses")
		switch {
		case len(topics)+len(people) == 0:
			return refuse("error creating notification", "Budget notification must have at least one subscriber")
		case len(topics) > 1 || len(people) > 10:
			return refuse("CreationLimitExceededException", "budget %s tells %d topics and %d addresses, 1 and 10 are allowed", budget, len(topics), len(people))
		}
		for _, address := range people {
			if !emailAddress.MatchString(address) {
				return invalidBudget("budget %s: %q is not an email address", budget, address)
			}
		}
	}
	return nil
}
