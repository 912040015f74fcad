package permissions

const logsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html"

// A log group's ARN ends in :*, except where tags are concerned.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
const (
	logGroup     = "logs:log-group:{name}:*"
	logGroupTags = "logs:log-group:{name}"
	// For IAM, streams and metric filters are parts of their log group, which may be another stack's.
	itsLogGroup = "logs:log-group:{log_group_name}:*"
	logStream   = "logs:log-group:{log_group_name}:log-stream:{name}"
)

// The key's own policy lets CloudWatch Logs use it: creating a group needs no KMS permissions.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
var logs = Table{
	"aws_cloudwatch_log_group": {
		Source: logsSource,
		Create: []Grant{
			{Actions: []string{"logs:CreateLogGroup"}, Resources: []string{logGroup}, Conditions: requestTagged},
			{Actions: []string{"logs:PutRetentionPolicy"}, Resources: []string{logGroup}},
		},
		Read: []Grant{
			readAll("logs:DescribeLogGroups"),
			{Actions: []string{"logs:ListTagsForResource"}, Resources: []string{logGroupTags}},
		},
		Update: []Grant{{Actions: []string{"logs:AssociateKmsKey"}, Resources: []string{logGroup}}},
		Delete: []Grant{{Actions: []string{"logs:DeleteLogGroup"}, Resources: []string{logGroup}}},
		Tag:    []Grant{{Actions: []string{"logs:TagResource"}, Resources: []string{logGroupTags}, Conditions: requestTaggedIfExists}},
	},
	"aws_cloudwatch_log_stream": {
		Source: logsSource,
		Create: []Grant{{Actions: []string{"logs:CreateLogStream"}, Resources: []string{logStream}}},
		// The name is a filter.
		Read:   []Grant{{Actions: []string{"logs:DescribeLogStreams"}, Resources: []string{itsLogGroup}}},
		Delete: []Grant{{Actions: []string{"logs:DeleteLogStream"}, Resources: []string{logStream}}},
	},
}
