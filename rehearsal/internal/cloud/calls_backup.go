package cloud

import "strconv"

const (
	backup     = "backup"
	backupHost = "backup.amazonaws.com"
)

func init() {
	onSelf := func(action string) func(*calls) { return func(c *calls) { c.do("backup:"+action, c.self()) } }
	// A selection has no ARN. Its plan's is authorized.
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
			// AWS Backup ties the vault to its key on the caller's behalf. Later it uses the key as
			// the role of a selection.
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
		vaultLockKind: {
			create: func(c *calls) {
				vault := c.lockedVault()
				for attribute, key := range map[string]string{
					"changeable_for_days": "ChangeableForDays", "max_retention_days": "MaxRetentionDays", "min_retention_days": "MinRetentionDays",
				} {
					if days := number(c.a, attribute); days > 0 {
						vault = vault.with("backup:"+key, strconv.FormatFloat(days, 'f', -1, 64))
					}
				}
				c.do("backup:PutBackupVaultLockConfiguration", vault)
			},
			read:   func(c *calls) { c.do("backup:DescribeBackupVault", c.lockedVault()) },
			delete: func(c *calls) { c.do("backup:DeleteBackupVaultLockConfiguration", c.lockedVault()) },
		},
		backupPlanKind: taggable(backup, caller{
			create: func(c *calls) { create(c, "CreateBackupPlan", c.arn(backup, "backup-plan:*")) }, // no id yet
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
				onPlan("GetBackupSelection")(c) // until it exists
			},
			read:   onPlan("GetBackupSelection"),
			delete: onPlan("DeleteBackupSelection"),
		},
	})
}

func (c *calls) lockedVault() resource {
	name := text(c.a, "backup_vault_name")
	return c.related(backupVaultKind, "name", name, c.arn(backup, "backup-vault:"+name))
}
