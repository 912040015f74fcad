package cloud

import "strings"

// logGroup is a group as IAM knows it. The requests about its tags name it without what follows
// the name.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
func (c *calls) logGroup() resource {
	r := c.self()
	r.arn += ":log-stream:"
	return r
}

func onLogGroup(action string) func(*calls) {
	return func(c *calls) { c.do("logs:"+action, c.logGroup()) }
}

func init() {
	registerCalls(map[string]caller{"aws_cloudwatch_log_group": {
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
			// Of no group: all are searched for the name.
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
