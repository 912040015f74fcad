package cloud

const (
	backup     = "backup"
	backupHost = "backup.amazonaws.com"
)

func init() {
	onSelf := func(action string) func(*calls) { return func(c *calls) { c.do("backup:"+action, c.self()) } }
	// A selection has no ARN: it is its plan's.
	onPlan := func(action string) func(*calls) {
		return func(c *calls) {
			id := text(c.a, "plan_id")
			c.do("backup:"+action, c.related(backupPlanKind, "id", id, c.arn(backup, "backup-plan:"+id)))
		}
	}
	create := func(c *calls, action, arn string) {
		c.do("backup:"+action, c.fresh(arn))
		if len(tagsOf(c.a)) > 0 {
			c.do("backup:TagResource", c.fresh(arn))
		}
	}
	registerCalls(map[string]caller{
		backupVaultKind: taggable(backup, caller{
			// With the caller's name AWS Backup joins the vault and its key. What it does with the key
			// later, it does in the name of a selection's role.
			// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html
			create: func(c *calls) {
				create(c, "CreateBackupVault", text(c.a, "arn"))
				c.do("backup-storage:MountCapsule")
				c.encrypts(backup, text(c.a, "kms_key_arn"), "DescribeKey", "CreateGrant", "GenerateDataKey", "Decrypt", "RetireGrant")
			},
			read:   func(c *calls) { onSelf("DescribeBackupVault")(c); onSelf("ListTags")(c) },
			update: []change{{"force_destroy recovery_points", nil}},
			delete: func(c *calls) {
				if flag(c.a, "force_destroy") {
					onSelf("ListRecoveryPointsByBackupVault")(c)
					// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html#awsbackup-resources-for-iam-policies
					for _, arn := range c.w.recoveryPoints() {
						c.do("backup:DeleteRecoveryPoint", resource{arn: arn})
						c.do("backup:DescribeRecoveryPoint", resource{arn: arn})
					}
				}
				onSelf("DeleteBackupVault")(c)
			},
		}),
		backupPlanKind: taggable(backup, caller{
			create: func(c *calls) { create(c, "CreateBackupPlan", c.arn(backup, "backup-plan:*")) }, // it has no id yet
			read:   func(c *calls) { onSelf("GetBackupPlan")(c); onSelf("ListTags")(c) },
			update: []change{
				{"advanced_backup_setting rule", onSelf("UpdateBackupPlan")},
				{"version", nil},
			},
			delete: onSelf("DeleteBackupPlan"),
		}),
		backupSelectionKind: {
			// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupSelection.html
			create: func(c *calls) {
				onPlan("CreateBackupSelection")(c)
				c.passRole(text(c.a, "iam_role_arn"), backupHost)
				onPlan("GetBackupSelection")(c) // until it is there
			},
			read:   onPlan("GetBackupSelection"),
			delete: onPlan("DeleteBackupSelection"),
		},
	})
}
