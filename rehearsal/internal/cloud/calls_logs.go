package cloud

import "strings"

// logGroup is a log group's ARN in IAM. Requests about its tags use the ARN without the suffix.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
func (c *calls) logGroup() resource {
	r := c.self()
	r.arn += ":log-stream:"
	return r
}

// logGroupOf is the group with that name, for requests about its streams.
func (c *calls) logGroupOf(name string) resource {
	r := c.related("aws_cloudwatch_log_group", "name", name, c.arn("logs", "log-group:"+name))
	r.arn = trimmed(r).arn + ":log-stream:"
	return r
}

func onLogGroup(action string) func(*calls) {
	return func(c *calls) { c.do("logs:"+action, c.logGroup()) }
}

func init() {
	// A stream is a resource of its own. The search for it is authorized for its group.
	onStream := func(action string) func(*calls) {
		return func(c *calls) { c.do("logs:"+action, resource{arn: text(c.a, "arn")}) }
	}
	search := func(c *calls) { c.do("logs:DescribeLogStreams", c.logGroupOf(text(c.a, "log_group_name"))) }
	registerCalls(map[string]caller{logStreamKind: {
		create: onStream("CreateLogStream"),
		read:   search,
		delete: onStream("DeleteLogStream"),
	}, "aws_cloudwatch_log_group": {
		create: func(c *calls) {
			arn := text(c.a, "arn")
			c.do("logs:CreateLogGroup", c.fresh(arn+":log-stream:"))
			// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
			if len(tagsOf(c.a)) > 0 {
				c.do("logs:TagResource", c.fresh(arn))
			}
			if number(c.a, "retention_in_days") > 0 {
				onLogGroup("PutRetentionPolicy")(c)
			}
		},
		read: func(c *calls) {
			// The provider searches all groups for the name.
			c.do("logs:DescribeLogGroups", resource{arn: c.arn("logs", "log-group::log-stream:")})
			c.do("logs:ListTagsForResource", c.self())
		},
		update: []change{
			{"retention_in_days", func(c *calls) {
				if number(c.after, "retention_in_days") > 0 {
					onLogGroup("PutRetentionPolicy")(c)
				} else {
					onLogGroup("DeleteRetentionPolicy")(c)
				}
			}},
			{"kms_key_id", func(c *calls) {
				if text(c.after, "kms_key_id") != "" {
					onLogGroup("AssociateKmsKey")(c)
				} else {
					onLogGroup("DisassociateKmsKey")(c)
				}
			}},
			{"skip_destroy", nil},
		},
		tag:   func(c *calls, r resource) { c.do("logs:TagResource", trimmed(r)) },
		untag: func(c *calls, r resource) { c.do("logs:UntagResource", onlyKeys(trimmed(r))) },
		delete: func(c *calls) {
			if !flag(c.a, "skip_destroy") {
				onLogGroup("DeleteLogGroup")(c)
			}
		},
	}})
}

func trimmed(r resource) resource {
	r.arn = strings.TrimSuffix(r.arn, ":*")
	return r
}

// delivers sets up the delivery of a service's logs. The service reads and puts the resource policy
// that allows it into the log group.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
func (c *calls) delivers(service, action string) {
	c.via(service, "logs:"+action, anything)
	c.via(service, "logs:DescribeLogGroups", resource{arn: c.arn("logs", "log-group::log-stream:")})
	c.via(service, "logs:DescribeResourcePolicies", anything)
	c.via(service, "logs:PutResourcePolicy", anything)
}
