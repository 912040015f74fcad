package cloud

import (
	"fmt"
	"slices"
)

// key is the KMS key with that ARN, empty for none.
func (c *calls) key(arn string) resource {
	if arn == "" {
		return resource{}
	}
	return c.keyKeys(c.related("aws_kms_key", "arn", arn, arn), arn)
}

// selfKey is the key itself.
func (c *calls) selfKey() resource { return c.keyKeys(c.self(), text(c.a, "arn")) }

func (c *calls) keyKeys(r resource, arn string) resource {
	var aliases []string
	c.w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "target_key_arn") == arn {
			aliases = append(aliases, text(t.Attributes, "name"))
		}
		return true
	}, "aws_kms_alias")
	if len(aliases) > 0 {
		r = r.with("kms:ResourceAliases", aliases...)
	}
	return r.with("kms:CallerAccount", c.w.Account)
}

// encrypts adds a service's use of a key on the caller's behalf. A grant is for the service itself.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (c *calls) encrypts(service, key string, actions ...string) {
	host := fmt.Sprintf("%s.%s.amazonaws.com", service, c.w.Region)
	for _, action := range actions {
		r := c.key(key).with("kms:ViaService", host)
		if slices.Contains([]string{"CreateGrant", "RetireGrant"}, action) {
			r = r.with("kms:GrantIsForAWSResource", "true")
		}
		if key != "" {
			c.via(service+".amazonaws.com", "kms:"+action, r)
		}
	}
}

func onKey(action string) func(*calls) {
	return func(c *calls) { c.do("kms:"+action, c.selfKey()) }
}

func init() {
	registerCalls(map[string]caller{
		"aws_kms_key": {
			create: func(c *calls) {
				made := anything.tagged(tagsOf(c.a)).with("kms:CallerAccount", c.w.Account).with("kms:KeyOrigin", "AWS_KMS").
					with("kms:KeySpec", orElse(text(c.a, "customer_master_key_spec"), "SYMMETRIC_DEFAULT")).
					with("kms:KeyUsage", orElse(text(c.a, "key_usage"), "ENCRYPT_DECRYPT")).
					with("kms:MultiRegion", fmt.Sprint(flag(c.a, "multi_region"))).
					with("kms:BypassPolicyLockoutSafetyCheck", fmt.Sprint(flag(c.a, "bypass_policy_lockout_safety_check")))
				c.do("kms:CreateKey", made)
				// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
				if len(tagsOf(c.a)) > 0 {
					c.do("kms:TagResource", c.fresh(c.arn("kms", "key/*")).with("kms:CallerAccount", c.w.Account))
				}
				if flag(c.a, "enable_key_rotation") {
					onKey("EnableKeyRotation")(c)
				}
				if c.a["is_enabled"] == false {
					onKey("DisableKey")(c)
				}
			},
			read: func(c *calls) {
				for _, action := range []string{"DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"} {
					onKey(action)(c)
				}
			},
			update: []change{
				{"enable_key_rotation rotation_period_in_days", func(c *calls) {
					if flag(c.after, "enable_key_rotation") {
						onKey("EnableKeyRotation")(c)
					} else {
						onKey("DisableKeyRotation")(c)
					}
				}},
				{"description", onKey("UpdateKeyDescription")},
				{"policy", onKey("PutKeyPolicy")},
				{"is_enabled", func(c *calls) {
					if flag(c.after, "is_enabled") {
						onKey("EnableKey")(c)
					} else {
						onKey("DisableKey")(c)
					}
				}},
				{"deletion_window_in_days bypass_policy_lockout_safety_check", nil},
			},
			tag:   func(c *calls, r resource) { c.do("kms:TagResource", c.keyKeys(r, text(c.a, "arn"))) },
			untag: func(c *calls, r resource) { c.do("kms:UntagResource", c.keyKeys(onlyKeys(r), text(c.a, "arn"))) },
			delete: func(c *calls) {
				days := number(c.a, "deletion_window_in_days")
				if days == 0 {
					days = 30
				}
				c.do("kms:ScheduleKeyDeletion", c.selfKey().with("kms:ScheduleKeyDeletionPendingWindowInDays", fmt.Sprint(days)))
				onKey("DescribeKey")(c)
			},
		},
		"aws_kms_alias": {
			create: func(c *calls) { c.onAlias("CreateAlias", c.a) },
			read:   looks("kms:ListAliases"),
			update: []change{{"target_key_id", func(c *calls) {
				c.onAlias("UpdateAlias", c.after)
				c.do("kms:UpdateAlias", c.key(text(c.before, "target_key_arn")))
			}}, {"target_key_arn", nil}},
			delete: func(c *calls) { c.onAlias("DeleteAlias", c.a) },
		},
	})
}

// onAlias: AWS authorizes both the alias and its key. An alias has no tags.
// https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
func (c *calls) onAlias(action string, a Attributes) {
	c.do("kms:"+action, resource{arn: text(a, "arn")}.with("kms:CallerAccount", c.w.Account), c.key(text(a, "target_key_arn")))
}
