package settings

import (
	"fmt"
	"slices"
	"strings"
)

// originalDatabase is the name of the database that was not restored from a snapshot.
const originalDatabase = "original"

// checkRecovery checks the snapshots to restore, the databases to delete, and AWS Backup.
func (d *document) checkRecovery() {
	database := d.env.Database
	const restores = "database.restoreFromSnapshots"
	d.checkUnique(restores, database.RestoreFromSnapshots)
	for i, snapshot := range database.RestoreFromSnapshots {
		// Security: the deploy role can only use the environment's own snapshots, see package permissions.
		own := d.env.ResourceName("")
		if at := element(restores, i); d.isValid(at, "project") && !strings.HasPrefix(snapshot, "awsbackup:") &&
			!strings.HasPrefix(strings.TrimPrefix(snapshot, "rds:"), own) {
			d.report(at, "must be a snapshot of this environment, named %s… or rds:%s…, is %s; copy another environment's to such a name, with "+
				"this environment's key: aws rds copy-db-snapshot --kms-key-id alias/%s", own, own, quote(snapshot), d.env.ResourceName("data"))
		}
	}
	const deleted = "database.deletedDatabases"
	d.checkUnique(deleted, database.DeletedDatabases)
	if d.isValid(restores, deleted) {
		for i, name := range database.DeletedDatabases {
			at := slices.Index(database.RestoreFromSnapshots, name)
			switch {
			case name == "first" && at < 0: // the name of original in earlier versions
				d.report(element(deleted, i), "must be %s, or a snapshot of database.restoreFromSnapshots, is %s; write %[1]s", originalDatabase, quote(name))
			case name != originalDatabase && at < 0:
				d.report(element(deleted, i), "must be %s, or a snapshot of database.restoreFromSnapshots, is %s", originalDatabase, quote(name))
			case at == len(database.RestoreFromSnapshots)-1:
				d.report(element(deleted, i), "must not be the database in use, is %s", quote(name))
			}
		}
	}
	d.checkVaultLock()
	const vault = "database.awsBackup.crossRegionVaultARN"
	backup := database.AWSBackup
	if backup.CrossRegionVaultARN == "" {
		return
	}
	// Copying a snapshot of an encrypted database to another account takes manual steps.
	d.checkARN(vault, backup.CrossRegionVaultARN, arnAccount, "account", d.env.Account)
	if d.isValid(vault, "region") && strings.Split(backup.CrossRegionVaultARN, ":")[arnRegion] == d.env.Region {
		d.report(vault, "must be in another region than the environment's, is in %s too", d.env.Region)
	}
	if d.isValid(vault, "database.awsBackup.enabled") && !backup.Enabled {
		d.report(vault, "must come with database.awsBackup.enabled: there is nothing to copy")
	}
}

// shortestGraceDays is AWS's minimum.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html
const shortestGraceDays = 3

// checkVaultLock also refuses a retention that the locked vault would not accept. AWS accepts the plan,
// and then fails every backup.
func (d *document) checkVaultLock() {
	const path = "database.awsBackup.lock"
	backup := d.env.Database.AWSBackup
	lock := backup.Lock
	if !d.isValid(path+".mode", "database.awsBackup.enabled") {
		return
	}
	if lock.Mode == LockNone {
		for name, days := range map[string]int{
			"minRetentionDays": lock.MinRetentionDays, "maxRetentionDays": lock.MaxRetentionDays, "changeableForDays": lock.ChangeableForDays,
		} {
			if limit := join(path, name); days != 0 && d.isValid(limit) {
				d.report(limit, "must come with %s.mode: nothing is locked", path)
			}
		}
		return
	}
	if !backup.Enabled {
		d.report(path+".mode", "must come with database.awsBackup.enabled: there is no vault to lock")
	}
	if grace := path + ".changeableForDays"; d.isValid(grace) {
		switch {
		case lock.Mode == LockCompliance && lock.ChangeableForDays < shortestGraceDays:
			d.report(grace, "must be %d or more with mode %s, is %d: after these days nobody can remove the lock, not even AWS; to be able to, use mode %s",
				shortestGraceDays, lock.Mode, lock.ChangeableForDays, LockGovernance)
		case lock.Mode == LockGovernance && lock.ChangeableForDays != 0:
			d.report(grace, "must not be set with mode %s, whose lock can always be removed; remove it, or use mode %s", lock.Mode, LockCompliance)
		}
	}
	least, most := path+".minRetentionDays", path+".maxRetentionDays"
	// Security: the lock protects a backup for its own retention, which whoever deploys the stack chooses for
	// each new one, down to the lock's minimum.
	if d.isValid(least) && lock.Mode == LockCompliance && lock.MinRetentionDays == 0 {
		d.report(least, "must be 1 or more with mode %s, is 0: a deployment could keep every later backup for a day only", lock.Mode)
	}
	switch retention := "database.awsBackup.retentionDays"; {
	case !d.isValid(least, most):
	case lock.MaxRetentionDays > 0 && lock.MinRetentionDays > lock.MaxRetentionDays:
		d.report(least, "must be at most maxRetentionDays (%d), is %d", lock.MaxRetentionDays, lock.MinRetentionDays)
	case !d.isValid(retention):
	case backup.RetentionDays < lock.MinRetentionDays:
		d.report(retention, "must be at least lock.minRetentionDays (%d), is %d: the vault would refuse every backup", lock.MinRetentionDays, backup.RetentionDays)
	case lock.MaxRetentionDays > 0 && backup.RetentionDays > lock.MaxRetentionDays:
		d.report(retention, "must be at most lock.maxRetentionDays (%d), is %d: the vault would refuse every backup", lock.MaxRetentionDays, backup.RetentionDays)
	}
}

// BackupSchedule returns when AWS Backup begins, as a cron expression in UTC: twelve hours after RDS's own
// backup, since two backups at the same time block each other.
//
// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html
func (d Database) BackupSchedule() string {
	start := (backupWindow(d.BackupWindow).start + minutesADay/2) % minutesADay
	return fmt.Sprintf("cron(%d %d * * ? *)", start%60, start/60)
}
