package cloud

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

const (
	actualCosts = `{"comparison_operator": "GREATER_THAN", "notification_type": "ACTUAL", "threshold": 80, "threshold_type": "PERCENTAGE", "subscriber_sns_topic_arns": ["` + topicARN + `"]}`
	forecast    = `{"comparison_operator": "GREATER_THAN", "notification_type": "FORECASTED", "threshold": 100, "threshold_type": "PERCENTAGE", "subscriber_sns_topic_arns": ["` + topicARN + `"]}`
	budget      = `{"name": "dev-budget", "budget_type": "COST", "time_unit": "MONTHLY", "limit_amount": "1500", "limit_unit": "USD", "notification": [` + actualCosts + `,` + forecast + `]}`
)

// TestBudgets creates a budget, and variants that AWS refuses.
func TestBudgets(t *testing.T) {
	w, _ := observed(t)
	tells := func(notifications ...string) string {
		return `{"notification": [` + strings.Join(notifications, ",") + `]}`
	}
	actual := func(old, new string) string { return tells(strings.Replace(actualCosts, old, new, 1)) }
	const subscribers = `"subscriber_sns_topic_arns": ["` + topicARN + `"]`
	for _, test := range []struct{ name, change, want string }{
		{"a name with a colon", `{"name": "dev:budget"}`, "neither :"},
		{"a name that is long", `{"name": "` + strings.Repeat("b", 101) + `"}`, "1 to 100 characters"},
		{"the name of an action", `{"name": "dev/action/1"}`, "nor /action/"},
		{"a budget of hours", `{"budget_type": "HOURS"}`, `budget_type "HOURS" is none of`},
		{"a budget of a week", `{"time_unit": "WEEKLY"}`, `time_unit "WEEKLY" is none of`},
		{"no limit", `{"limit_amount": null}`, `limit_amount "" is not a number above 0`},
		{"a limit of nothing", `{"limit_amount": "0"}`, `limit_amount "0" is not a number above 0`},
		{"another currency", `{"limit_unit": "EUR"}`, `limit_unit "EUR" of costs is not USD`},
		{"six notifications", tells(actualCosts, actualCosts, actualCosts, actualCosts, actualCosts, actualCosts), "CreationLimitExceededException"},
		{"one of them twice", tells(actualCosts, forecast, actualCosts), "DuplicateRecordException"},
		{"an operator of mathematics", actual("GREATER_THAN", ">"), `comparison_operator ">" is none of`},
		{"a notification of the past", actual("ACTUAL", "PAST"), `notification_type "PAST" is none of`},
		{"a threshold in dollars", actual("PERCENTAGE", "USD"), `threshold_type "USD" is none of`},
		{"a threshold of nothing", actual("80", "0"), "the threshold 0 of a notification is not above 0"},
		{"nobody is told", actual(subscribers, `"subscriber_sns_topic_arns": []`), "at least one subscriber"},
		{"two topics are told", actual(topicARN, topicARN+`","`+topicARN), "tells 2 topics and 0 addresses"},
		{"a topic that is not there", actual(topicARN, topicARN+"s"), "dev-alarmss does not exist"},
		{"no mail address", actual(subscribers, `"subscriber_email_addresses": ["ops"]`), `"ops" is not an email address`},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.ErrorContains(t, w.Create(budgetKind, "", with(t, decoded(t, budget), test.change)), test.want)
		})
	}
	made := decoded(t, budget)
	assert.NilError(t, w.Create(budgetKind, "", made))
	assert.Equal(t, made["id"], "111111111111:dev-budget")
	assert.Equal(t, made["arn"], "arn:aws:budgets::111111111111:budget/dev-budget")
	assert.Equal(t, made["account_id"], "111111111111")
	assert.Assert(t, strings.HasSuffix(text(made, "time_period_start"), "-01_00:00"))
	assert.Assert(t, flag(made, "cost_types.include_tax") && !flag(made, "cost_types.use_blended"))
	assert.ErrorContains(t, w.Create(budgetKind, "", decoded(t, budget)), "DuplicateRecordException")
	assert.NilError(t, w.Change(budgetKind, "", with(t, made, `{"limit_amount": "2000"}`)))
	// A budget does not protect its topic from deletion.
	assert.NilError(t, w.Delete(topicKind, "", Attributes{"id": topicARN}))
	assert.NilError(t, w.Delete(budgetKind, "", made))
	assert.NilError(t, w.Create(budgetKind, "", decoded(t, `{"name_prefix": "dev-", "budget_type": "COST", "time_unit": "DAILY", "limit_amount": "5.5", "limit_unit": "USD"}`)))
}

// TestBudgetCalls checks the provider's calls, all in us-east-1.
func TestBudgetCalls(t *testing.T) {
	w, _ := observed(t)
	made := with(t, decoded(t, budget), `{"id": "111111111111:dev-budget", "arn": "arn:aws:budgets::111111111111:budget/dev-budget", "tags_all": {"stack": "s"}}`)
	const on, tagged, asked = " arn:aws:budgets::111111111111:budget/dev-budget", " aws:ResourceTag/stack=s", " aws:RequestTag/stack=s"
	const view, modify = "budgets:ViewBudget" + on + tagged, "budgets:ModifyBudget" + on + tagged
	read := []string{view, view, view, view, "budgets:ListTagsForResource" + on + tagged}
	one := with(t, made, `{"notification": [`+actualCosts+`]}`)
	for _, test := range []struct {
		name, operation string
		before, after   Attributes
		want            []string
	}{
		{"a budget, its tags and what it tells", OperationCreate, nil, made, append([]string{"budgets:ModifyBudget" + on, "budgets:TagResource" + on + asked, modify, modify}, read...)},
		{"another limit", OperationUpdate, made, with(t, made, `{"limit_amount": "2000"}`), append([]string{modify}, read...)},
		{"another threshold", OperationUpdate, one, with(t, one, `{"notification": [`+forecast+`]}`), []string{modify, modify, modify, view, view, view, read[4]}},
		{"one notification more", OperationUpdate, one, made, append([]string{modify, modify}, read...)},
		{"other tags", OperationUpdate, made, with(t, made, `{"tags_all": {"stack": "s", "more": "m"}}`), append([]string{"budgets:TagResource" + on + tagged, modify}, read...)},
		{"fewer tags", OperationUpdate, with(t, made, `{"tags_all": {"stack": "s", "more": "m"}}`), made, append([]string{"budgets:UntagResource" + on + tagged, modify}, read...)},
		{"a budget goes", OperationDelete, made, nil, []string{modify}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, err := w.Calls(budgetKind, test.operation, test.before, test.after)
			assert.NilError(t, err)
			assert.DeepEqual(t, short(requests, "aws:RequestTag/stack", "aws:ResourceTag/stack"), test.want)
			for _, r := range requests {
				assert.DeepEqual(t, r.Context["aws:RequestedRegion"], []string{"us-east-1"})
			}
		})
	}
}
