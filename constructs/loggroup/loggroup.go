// Package loggroup makes an encrypted CloudWatch log group with a retention period.
//
// A service creates its log group if it is missing: unencrypted, kept for ever, and left behind
// on destroy. So create the group of every service first.
package loggroup

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchloggroup"

	"plinth/constructs/policy"
)

// Config of a log group.
type Config struct {
	Name string
	// RetentionDays is one of the numbers that CloudWatch accepts: 1, 3, 5, 7, 14, 30…
	RetentionDays int
	// KeyArn is a KMS key whose policy lets CloudWatch Logs use it.
	KeyArn *string
}

// New creates a log group.
func New(scope constructs.Construct, id string, config Config) cloudwatchloggroup.CloudwatchLogGroup {
	return cloudwatchloggroup.NewCloudwatchLogGroup(scope, &id, &cloudwatchloggroup.CloudwatchLogGroupConfig{
		Name:            jsii.String(config.Name),
		RetentionInDays: jsii.Number(config.RetentionDays),
		KmsKeyId:        config.KeyArn,
	})
}

// Write allows writing to an existing log group, not creating one.
func Write(sid, region, account, name string) policy.Statement {
	return policy.Statement{
		Sid:       sid,
		Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
		Resources: []string{fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s:*", region, account, name)},
	}
}
