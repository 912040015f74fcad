package permissions

const (
	backupSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html"
	budgetSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html"
)

// backupPlan: AWS makes up a plan's id.
const backupPlan = "backup:backup-plan:*"

var backup = Table{
	"aws_backup_vault": {
		Source: backupSource,
		Create: []Need{
			{Actions: []string{"backup:CreateBackupVault"}, On: []string{"backup:backup-vault:{name}"}, When: requested},
			// What it takes besides that a vault has a key of ours.
			// https://docs.aws.amazon.com/aws-backup/latest/devguide/access-control.html#backup-vault-permissions
			{Actions: []string{"backup-storage:MountCapsule"}, On: []string{"*"}, When: inRegion, Why: "supports no narrower resource"},
			{
				Actions: []string{"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:RetireGrant"},
				On:      []string{"kms:key/*"}, When: all(owned, via("backup")),
			},
		},
		Read: []Need{{Actions: []string{"backup:DescribeBackupVault", "backup:ListTags"}, On: []string{"backup:backup-vault:{name}"}}},
		// With force_destroy its backups go first.
		Delete: []Need{
			{Actions: []string{"backup:DeleteBackupVault", "backup:ListRecoveryPointsByBackupVault"}, On: []string{"backup:backup-vault:{name}"}},
			// A backup is called like the snapshot that it is, which is named after a job.
			{
				Actions: []string{"backup:DeleteRecoveryPoint", "backup:DescribeRecoveryPoint"},
				On:      []string{"rds:cluster-snapshot:awsbackup:*", "rds:snapshot:awsbackup:*"},
			},
		},
		Tag: []Need{{Actions: []string{"backup:TagResource"}, On: []string{"backup:backup-vault:{name}"}, When: kept}},
	},
	"aws_backup_plan": {
		Source: backupSource,
		Create: []Need{
			{Actions: []string{"backup:CreateBackupPlan"}, On: []string{backupPlan}, When: requested},
			{Actions: []string{"backup:TagResource"}, On: []string{backupPlan}, When: all(requested, unclaimed)},
		},
		Read:   []Need{{Actions: []string{"backup:GetBackupPlan", "backup:ListTags"}, On: []string{backupPlan}, When: owned}},
		Update: []Need{{Actions: []string{"backup:UpdateBackupPlan"}, On: []string{backupPlan}, When: owned}},
		Delete: []Need{{Actions: []string{"backup:DeleteBackupPlan"}, On: []string{backupPlan}, When: owned}},
		Tag:    []Need{{Actions: []string{"backup:TagResource"}, On: []string{backupPlan}, When: all(owned, kept)}},
	},
	// What is backed up is part of a plan.
	"aws_backup_selection": {
		Source: backupSource,
		Create: []Need{
			{Actions: []string{"backup:CreateBackupSelection"}, On: []string{backupPlan}, When: owned},
			passed("iam_role_arn", "backup.amazonaws.com"),
		},
		Read:   []Need{{Actions: []string{"backup:GetBackupSelection"}, On: []string{backupPlan}, When: owned}},
		Delete: []Need{{Actions: []string{"backup:DeleteBackupSelection"}, On: []string{backupPlan}, When: owned}},
	},
}

var budgets = Table{
	"aws_budgets_budget": {
		Source: budgetSource,
		Create: []Need{{Actions: []string{"budgets:ModifyBudget"}, On: []string{"budgets:budget/{name}"}}},
		Read:   []Need{{Actions: []string{"budgets:ListTagsForResource", "budgets:ViewBudget"}, On: []string{"budgets:budget/{name}"}}},
		Tag:    []Need{{Actions: []string{"budgets:TagResource"}, On: []string{"budgets:budget/{name}"}, When: kept}},
	},
}
