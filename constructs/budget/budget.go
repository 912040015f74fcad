// Package budget makes a monthly budget of the account that notifies a topic before it is spent.
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
	// Percent is the share of it at which the topic is notified.
	Percent int
	// TopicArn is the topic. It must let budgets.amazonaws.com publish.
	TopicArn *string
	// DependsOn is the topic's policy that does so.
	DependsOn cdktf.ITerraformDependable
}

// New creates a budget. It notifies the topic when costs exceed Percent, and when AWS forecasts
// costs above MonthlyUSD.
//
// The budget covers the whole account. To filter by a tag, the organization's management account
// would first have to activate it as a cost allocation tag.
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
