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

// BackupSchedule returns when AWS Backup begins, as a cron expression in UTC: twelve hours after RDS's own
// backup, since two backups at the same time block each other.
//
// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html
func (d Database) BackupSchedule() string {
	start := (backupWindow(d.BackupWindow).start + minutesADay/2) % minutesADay
	return fmt.Sprintf("cron(%d %d * * ? *)", start%60, start/60)
}
