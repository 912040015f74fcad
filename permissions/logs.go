package permissions

const logsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html"

// A log group's ARN ends in :*, except where tags are concerned.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
const (
	logGroup     = "logs:log-group:{name}:*"
	logGroupTags = "logs:log-group:{name}"
	// For IAM streams and metric filters are parts of their log group, which may be another stack's.
	itsLogGroup = "logs:log-group:{log_group_name}:*"
	logStream   = "logs:log-group:{log_group_name}:log-stream:{name}"
)

// The key's own policy lets CloudWatch Logs use it: whoever makes a group needs nothing of KMS.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
var logs = Table{
	"aws_cloudwatch_log_group": {
		Source: logsSource,
		Create: []Need{
			{Actions: []string{"logs:CreateLogGroup"}, On: []string{logGroup}, When: requested},
			{Actions: []string{"logs:PutRetentionPolicy"}, On: []string{logGroup}},
		},
		Read: []Need{
			listed("logs:DescribeLogGroups"),
			{Actions: []string{"logs:ListTagsForResource"}, On: []string{logGroupTags}},
		},
		Update: []Need{{Actions: []string{"logs:AssociateKmsKey"}, On: []string{logGroup}}},
		Delete: []Need{{Actions: []string{"logs:DeleteLogGroup"}, On: []string{logGroup}}},
		Tag:    []Need{{Actions: []string{"logs:TagResource"}, On: []string{logGroupTags}, When: kept}},
	},
	"aws_cloudwatch_log_stream": {
		Source: logsSource,
		Create: []Need{{Actions: []string{"logs:CreateLogStream"}, On: []string{logStream}}},
		// The name is a filter.
		Read:   []Need{{Actions: []string{"logs:DescribeLogStreams"}, On: []string{itsLogGroup}}},
		Delete: []Need{{Actions: []string{"logs:DeleteLogStream"}, On: []string{logStream}}},
	},
}
