package cloud

func init() {
	onSelf := func(actions ...string) func(*calls) {
		return func(c *calls) {
			for _, action := range actions {
				c.do("backup:"+action, c.self())
			}
		}
	}
	onPlan := func(action string) func(*calls) {
		return func(c *calls) {
			id := text(c.a, "plan_id")
			c.do("backup:"+action, c.related(backupPlanKind, "id", id, c.arn("backup", "backup-plan:"+id)))
		}
	}
	tagged := func(row caller) caller {
		row.tag = func(c *calls, r resource) { c.do("backup:TagResource", r) }
		row.untag = func(c *calls, r resource) { c.do("backup:UntagResource", onlyKeys(r)) }
		return row
	}
	registerCalls(map[string]caller{
		vaultKind: tagged(caller{
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("backup:CreateBackupVault", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("backup:TagResource", r)
				}
				// A capsule is where a vault with a key keeps what it has.
				// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html
				c.do("backup-storage:MountCapsule")
				c.encrypts("backup", text(c.a, "kms_key_arn"), "CreateGrant", "DescribeKey", "RetireGrant", "Decrypt", "GenerateDataKey")
			},
			read:   onSelf("DescribeBackupVault", "ListTags"),
			update: []change{{"force_destroy recovery_points", nil}},
			delete: func(c *calls) {
				if flag(c.a, "force_destroy") {
					onSelf("ListRecoveryPointsByBackupVault")(c)
					// Of RDS a recovery point is a snapshot, by its ARN.
					// https://docs.aws.amazon.com/aws-backup/latest/devguide/access-control.html#resource-arns-table
					for _, arn := range c.w.recoveryPoints() {
						c.do("backup:DeleteRecoveryPoint", resource{arn: arn})
						c.do("backup:DescribeRecoveryPoint", resource{arn: arn})
					}
				}
				onSelf("DeleteBackupVault")(c)
			},
		}),
		backupPlanKind: tagged(caller{
			create: func(c *calls) {
				r := c.fresh(c.arn("backup", "backup-plan:*")) // it has no id yet
				c.do("backup:CreateBackupPlan", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("backup:TagResource", r)
				}
			},
			read:   onSelf("GetBackupPlan", "ListTags"),
			update: []change{{"advanced_backup_setting rule", onSelf("UpdateBackupPlan")}, {"version", nil}},
			delete: onSelf("DeleteBackupPlan"),
		}),
		selectionKind: {
			create: func(c *calls) {
				onPlan("CreateBackupSelection")(c)
				c.passRole(text(c.a, "iam_role_arn"), backupHost)
			},
			read:   onPlan("GetBackupSelection"),
			delete: onPlan("DeleteBackupSelection"),
		},
	})
}
