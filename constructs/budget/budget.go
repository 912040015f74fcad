// Package budget makes a monthly budget of the account that tells a topic before it is spent.
package budget

import (
	"strconv"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/budgetsbudget"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config of a budget.
type Config struct {
	Name string
	// MonthlyUSD is what the whole account may cost in a calendar month, in US dollars.
	MonthlyUSD int
	// Percent is what share of it must be spent before that is told.
	Percent int
	// TopicArn is told. It must let budgets.amazonaws.com publish.
	TopicArn *string
	// DependsOn is what lets it.
	DependsOn cdktf.ITerraformDependable
}

// New creates a budget. It tells once when so much is spent, and once when AWS expects that more
// than all will be.
//
// The budget is of everything in the account: to sum up what has a tag, the tag would have to be
// made one for cost allocation first, by the organization's management account.
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
func New(scope constructs.Construct, id string, config Config) budgetsbudget.BudgetsBudget {
	tell := func(what string, percent int) *budgetsbudget.BudgetsBudgetNotification {
		return &budgetsbudget.BudgetsBudgetNotification{
			NotificationType:       jsii.String(what),
			ComparisonOperator:     jsii.String("GREATER_THAN"),
			Threshold:              jsii.Number(percent),
			ThresholdType:          jsii.String("PERCENTAGE"),
			SubscriberSnsTopicArns: &[]*string{config.TopicArn},
		}
	}
	return budgetsbudget.NewBudgetsBudget(scope, &id, &budgetsbudget.BudgetsBudgetConfig{
		Name:         jsii.String(config.Name),
		BudgetType:   jsii.String("COST"),
		TimeUnit:     jsii.String("MONTHLY"),
		LimitAmount:  jsii.String(strconv.Itoa(config.MonthlyUSD)),
		LimitUnit:    jsii.String("USD"),
		Notification: []*budgetsbudget.BudgetsBudgetNotification{tell("ACTUAL", config.Percent), tell("FORECASTED", 100)},
		DependsOn:    &[]cdktf.ITerraformDependable{config.DependsOn},
	})
}
