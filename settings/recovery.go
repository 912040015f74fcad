package settings

import (
	"fmt"
	"slices"
	"strings"
)

// originalDatabase is the one that was restored from nothing.
const originalDatabase = "original"

// checkRecovery looks at what the database is restored from, and where its backups go.
func (d *document) checkRecovery() {
	database := d.env.Database
	const restores = "database.restoreFromSnapshots"
	d.checkUnique(restores, database.RestoreFromSnapshots)
	for i, snapshot := range database.RestoreFromSnapshots {
		// Security: the deploying role can use no other's, see package permissions.
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
			case name == "first" && at < 0: // its name in earlier versions
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
	// RDS's snapshots of an encrypted database go to another account only by hand.
	d.checkARN(vault, backup.CrossRegionVaultARN, arnAccount, "account", d.env.Account)
	if d.isValid(vault, "region") && strings.Split(backup.CrossRegionVaultARN, ":")[arnRegion] == d.env.Region {
		d.report(vault, "must be in another region than the environment's, is in %s too", d.env.Region)
	}
	if d.isValid(vault, "database.awsBackup.enabled") && !backup.Enabled {
		d.report(vault, "must come with database.awsBackup.enabled: there is nothing to copy")
	}
}

// BackupSchedule is when AWS Backup begins, in UTC and as its cron expressions: half a day from
// RDS's own backup, since two at once keep each other from starting.
//
// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html
func (d Database) BackupSchedule() string {
	start := (backupWindow(d.BackupWindow).start + minutesADay/2) % minutesADay
	return fmt.Sprintf("cron(%d %d * * ? *)", start%60, start/60)
}
