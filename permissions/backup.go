package permissions

const (
	backupSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html"
	budgetSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html"
)

// backupPlan ends in a star: AWS chooses a plan's id.
const backupPlan = "backup:backup-plan:*"

const lockedVault = "backup:backup-vault:{backup_vault_name}"

var backup = Table{
	"aws_backup_vault": {
		Source: backupSource,
		Create: []Grant{
			{Actions: []string{"backup:CreateBackupVault"}, Resources: []string{"backup:backup-vault:{name}"}, Conditions: requestTagged},
			// A vault with a customer-managed key needs these too.
			// https://docs.aws.amazon.com/aws-backup/latest/devguide/access-control.html#backup-vault-permissions
			{Actions: []string{"backup-storage:MountCapsule"}, Resources: []string{"*"}, Conditions: inRegion, Reason: "no resource-level permissions"},
			{
				Actions:   []string{"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:RetireGrant"},
				Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("backup")),
			},
		},
		Read: []Grant{{Actions: []string{"backup:DescribeBackupVault", "backup:ListTags"}, Resources: []string{"backup:backup-vault:{name}"}}},
		// With force_destroy the provider deletes its backups first.
		Delete: []Grant{
			{Actions: []string{"backup:DeleteBackupVault", "backup:ListRecoveryPointsByBackupVault"}, Resources: []string{"backup:backup-vault:{name}"}},
			// A backup's ARN is its snapshot's. AWS Backup names the snapshot after a job.
			{
				Actions:   []string{"backup:DeleteRecoveryPoint", "backup:DescribeRecoveryPoint"},
				Resources: []string{"rds:cluster-snapshot:awsbackup:*", "rds:snapshot:awsbackup:*"},
			},
		},
		Tag: []Grant{{Actions: []string{"backup:TagResource"}, Resources: []string{"backup:backup-vault:{name}"}, Conditions: requestTaggedIfExists}},
	},
	// Security: a lock in compliance mode stays for ever. A role can only set one if the settings had it when
	// an administrator ran bootstrap.
	"aws_backup_vault_lock_configuration": {
		Source: backupSource,
		Create: []Grant{{
			Actions: []string{"backup:PutBackupVaultLockConfiguration"}, Resources: []string{lockedVault},
			Conditions: when("Null", "backup:ChangeableForDays", "true"),
		}},
		Read:   []Grant{{Actions: []string{"backup:DescribeBackupVault"}, Resources: []string{lockedVault}}},
		Delete: []Grant{{Actions: []string{"backup:DeleteBackupVaultLockConfiguration"}, Resources: []string{lockedVault}}},
	},
	"aws_backup_vault_lock_configuration[changeable_for_days]": { // in compliance mode
		Source: backupSource,
		Create: []Grant{{Actions: []string{"backup:PutBackupVaultLockConfiguration"}, Resources: []string{lockedVault}}},
	},
	"aws_backup_plan": {
		Source: backupSource,
		Create: []Grant{
			{Actions: []string{"backup:CreateBackupPlan"}, Resources: []string{backupPlan}, Conditions: requestTagged},
			{Actions: []string{"backup:TagResource"}, Resources: []string{backupPlan}, Conditions: all(requestTagged, resourceTaggedIfExists)},
		},
		Read:   []Grant{{Actions: []string{"backup:GetBackupPlan", "backup:ListTags"}, Resources: []string{backupPlan}, Conditions: resourceTagged}},
		Update: []Grant{{Actions: []string{"backup:UpdateBackupPlan"}, Resources: []string{backupPlan}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"backup:DeleteBackupPlan"}, Resources: []string{backupPlan}, Conditions: resourceTagged}},
		Tag:    []Grant{{Actions: []string{"backup:TagResource"}, Resources: []string{backupPlan}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	// For IAM, a selection is part of its plan.
	"aws_backup_selection": {
		Source: backupSource,
		Create: []Grant{
			{Actions: []string{"backup:CreateBackupSelection"}, Resources: []string{backupPlan}, Conditions: resourceTagged},
			passRole("iam_role_arn", "backup.amazonaws.com"),
		},
		Read:   []Grant{{Actions: []string{"backup:GetBackupSelection"}, Resources: []string{backupPlan}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"backup:DeleteBackupSelection"}, Resources: []string{backupPlan}, Conditions: resourceTagged}},
	},
}

var budgets = Table{
	"aws_budgets_budget": {
		Source: budgetSource,
		Create: []Grant{{Actions: []string{"budgets:ModifyBudget"}, Resources: []string{"budgets:budget/{name}"}}},
		Read:   []Grant{{Actions: []string{"budgets:ListTagsForResource", "budgets:ViewBudget"}, Resources: []string{"budgets:budget/{name}"}}},
		Tag:    []Grant{{Actions: []string{"budgets:TagResource"}, Resources: []string{"budgets:budget/{name}"}, Conditions: requestTaggedIfExists}},
	},
}
