// Package backupplan makes AWS Backup keep daily backups of a database in their own vault.
package backupplan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/backupplan"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/backupselection"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/backupvault"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/backupvaultlockconfiguration"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/iamrole"
	"plinth/constructs/policy"
)

// Config of a plan.
type Config struct {
	// Name is the vault's and the plan's, at most 50 letters, digits, - and _.
	Name string
	// DatabaseArn is that of an RDS instance or an Aurora cluster.
	DatabaseArn *string
	// KeyArn encrypts the vault. It must also be the database's key: snapshots keep that.
	KeyArn *string
	// Account and Region are those of the vault and the database.
	Account, Region string
	// Schedule is an AWS cron expression, in UTC.
	Schedule string
	// RetentionDays is how long a backup is kept.
	RetentionDays int
	// Copy is nil for no copy.
	Copy *Copy
	// Lock is nil for a vault without a lock.
	Lock *Lock
	// PreventDestroy makes AWS and Terraform refuse to delete a vault that holds backups.
	PreventDestroy bool
}

// Copy is a copy of each backup in another region's vault.
type Copy struct {
	VaultArn      string
	RetentionDays int
}

// Lock keeps backups until their retention is over. In governance mode, whoever may remove the lock may
// still delete them.
type Lock struct {
	// MinRetentionDays and MaxRetentionDays limit the retention of new backups; 0 is no limit.
	MinRetentionDays, MaxRetentionDays int
	// ChangeableForDays is 0 for a lock that can always be removed, in governance mode. From 3 it is a
	// lock in compliance mode: nobody can remove it after these days.
	ChangeableForDays int
}

// Plan is a backup plan.
type Plan struct {
	constructs.Construct
	VaultName *string
}

// New creates a plan.
func New(scope constructs.Construct, id string, config Config) *Plan {
	this := constructs.NewConstruct(scope, &id)
	vault := backupvault.NewBackupVault(this, jsii.String("vault"), &backupvault.BackupVaultConfig{
		Name:         jsii.String(config.Name),
		KmsKeyArn:    config.KeyArn,
		ForceDestroy: jsii.Bool(!config.PreventDestroy),
		Lifecycle:    &cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(config.PreventDestroy)},
	})
	if config.Lock != nil {
		newLock(this, vault, config.Lock)
	}
	rule := &backupplan.BackupPlanRule{
		RuleName:        jsii.String("daily"),
		TargetVaultName: vault.Name(),
		Schedule:        jsii.String(config.Schedule),
		// Set both: AWS fills in a missing one, and Terraform would show a difference.
		Lifecycle: &backupplan.BackupPlanRuleLifecycle{
			DeleteAfter: jsii.Number(config.RetentionDays), OptInToArchiveForSupportedResources: jsii.Bool(false),
		},
	}
	if config.Copy != nil {
		rule.CopyAction = []*backupplan.BackupPlanRuleCopyAction{{
			DestinationVaultArn: jsii.String(config.Copy.VaultArn),
			Lifecycle: &backupplan.BackupPlanRuleCopyActionLifecycle{
				DeleteAfter: jsii.Number(config.Copy.RetentionDays), OptInToArchiveForSupportedResources: jsii.Bool(false),
			},
		}}
	}
	plan := backupplan.NewBackupPlan(this, jsii.String("plan"), &backupplan.BackupPlanConfig{
		Name: jsii.String(config.Name),
		Rule: []*backupplan.BackupPlanRule{rule},
	})
	role := newRole(this, config, vault.Arn())
	backupselection.NewBackupSelection(this, jsii.String("selection"), &backupselection.BackupSelectionConfig{
		Name:       jsii.String("database"),
		PlanId:     plan.Id(),
		IamRoleArn: role.Arn,
		Resources:  &[]*string{config.DatabaseArn},
		DependsOn:  &role.Permissions,
	})
	return &Plan{Construct: this, VaultName: vault.Name()}
}

// newLock locks the vault. AWS has no update: Terraform removes the lock and sets another.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
func newLock(scope constructs.Construct, vault backupvault.BackupVault, lock *Lock) {
	orNone := func(days int) *float64 {
		if days == 0 {
			return nil
		}
		return jsii.Number(days)
	}
	backupvaultlockconfiguration.NewBackupVaultLockConfiguration(scope, jsii.String("lock"), &backupvaultlockconfiguration.BackupVaultLockConfigurationConfig{
		BackupVaultName:   vault.Name(),
		MinRetentionDays:  orNone(lock.MinRetentionDays),
		MaxRetentionDays:  orNone(lock.MaxRetentionDays),
		ChangeableForDays: orNone(lock.ChangeableForDays),
	})
}

// newRole creates AWS Backup's role.
//
// Security: AWS's managed policy allows backing up everything in the account, in every service. This
// role may only snapshot this database, copy snapshots that AWS Backup created, and delete those.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
func newRole(scope constructs.Construct, config Config, vaultArn *string) *iamrole.Role {
	regions, keys, vaults := []string{config.Region}, []string{*config.KeyArn}, []string{*vaultArn}
	if config.Copy != nil {
		region := strings.Split(config.Copy.VaultArn, ":")[3]
		regions = append(regions, region)
		// Of the other vault's key only the region is known.
		keys = append(keys, fmt.Sprintf("arn:aws:kms:%s:%s:key/*", region, config.Account))
		vaults = append(vaults, config.Copy.VaultArn)
	}
	rds := func(resource string) (all []string) {
		for _, region := range regions {
			all = append(all, fmt.Sprintf("arn:aws:rds:%s:%s:%s", region, config.Account, resource))
		}
		return all
	}
	made := append(rds("snapshot:awsbackup:*"), rds("cluster-snapshot:awsbackup:*")...)
	statements := []policy.Statement{
		{
			Sid:       "Look",
			Actions:   []string{"rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeDBSnapshots"},
			Resources: slices.Concat(rds("db:*"), rds("cluster:*"), rds("snapshot:*"), rds("cluster-snapshot:*")),
		},
		{
			Sid:       "Snapshot",
			Actions:   []string{"rds:CreateDBClusterSnapshot", "rds:CreateDBSnapshot", "rds:ListTagsForResource"},
			Resources: append([]string{*config.DatabaseArn}, made...),
		},
		{
			Sid:       "TagAndExpire",
			Actions:   []string{"rds:AddTagsToResource", "rds:DeleteDBClusterSnapshot", "rds:DeleteDBSnapshot"},
			Resources: made,
		},
		{
			Sid:       "Keep",
			Actions:   []string{"backup:CopyIntoBackupVault", "backup:DescribeBackupVault"},
			Resources: vaults,
		},
		{Sid: "DescribeKey", Actions: []string{"kms:DescribeKey"}, Resources: keys},
		{
			// RDS uses grants to encrypt a snapshot and its copy.
			Sid: "UseKey", Actions: []string{"kms:CreateGrant"}, Resources: keys,
			Conditions: []policy.Condition{{Test: "Bool", Variable: "kms:GrantIsForAWSResource", Values: []string{"true"}}},
		},
	}
	if config.Copy != nil {
		statements = append(statements, policy.Statement{
			Sid: "Copy", Actions: []string{"rds:CopyDBClusterSnapshot", "rds:CopyDBSnapshot"}, Resources: made,
		})
	}
	return iamrole.New(scope, "role", iamrole.Config{
		Name:        config.Name + "-backup",
		Description: "Lets AWS Backup keep backups of the database",
		// Security: AWS Backup sends no source when it assumes a role, so a condition on one would deny
		// it. A plan can use roles of its own account only: passing one needs iam:PassRole there.
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
		Trust:      policy.Statement{Principals: policy.Service("backup.amazonaws.com")},
		Statements: statements,
	})
}
