package vpc

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/flowlog"

	"plinth/constructs/iamrole"
	"plinth/constructs/loggroup"
	"plinth/constructs/policy"
)

// FlowLogs configures the log of the network's traffic.
type FlowLogs struct {
	// Account owns the log group.
	Account string
	// RetentionDays is as in [loggroup.Config].
	RetentionDays int
	// KeyArn is as in [loggroup.Config].
	KeyArn *string
}

// newFlowLogs logs the traffic that the VPC accepts and rejects, aggregated over ten minutes.
func newFlowLogs(scope constructs.Construct, network *string, config Config) {
	name := "/aws/vpc/" + config.Name + "/flow-logs"
	group := loggroup.New(scope, "flow-logs", loggroup.Config{
		Name:          name,
		RetentionDays: config.FlowLogs.RetentionDays,
		KeyArn:        config.FlowLogs.KeyArn,
	})
	role := iamrole.New(scope, "flow-logs-role", iamrole.Config{
		Name:        config.Name + "-flow-logs",
		Description: "Lets VPC flow logs write to their log group",
		Trust: policy.Statement{
			Principals: policy.Service("vpc-flow-logs.amazonaws.com"),
			// Security: only flow logs of this account, so that no other account can use the
			// role through the shared service (confused deputy).
			// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
			Conditions: []policy.Condition{
				{Test: "StringEquals", Variable: "aws:SourceAccount", Values: []string{config.FlowLogs.Account}},
				{Test: "ArnLike", Variable: "aws:SourceArn", Values: []string{
					fmt.Sprintf("arn:aws:ec2:%s:%s:vpc-flow-log/*", config.Region, config.FlowLogs.Account),
				}},
			},
		},
		Statements: []policy.Statement{loggroup.Write("WriteFlowLogs", config.Region, config.FlowLogs.Account, name)},
	})
	flowlog.NewFlowLog(scope, jsii.String("flow-log"), &flowlog.FlowLogConfig{
		VpcId:                  network,
		TrafficType:            jsii.String("ALL"),
		LogDestinationType:     jsii.String("cloud-watch-logs"),
		LogDestination:         group.Arn(),
		IamRoleArn:             role.Arn,
		MaxAggregationInterval: jsii.Number(600),
		DependsOn:              &role.Permissions,
		Tags:                   nameTag(config.Name),
	})
}
