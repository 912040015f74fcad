package settings

import (
	"fmt"
	"slices"
	"strings"
)

// firstDatabase is the one that was restored from nothing.
const firstDatabase = "first"

// checkRecovery looks at what the database is restored from, and where its backups go.
func (d *document) checkRecovery() {
	database := d.env.Database
	const restores = "database.restores"
	d.checkUnique(restores, database.Restores)
	for i, snapshot := range database.Restores {
		// Security: the deploying role can use no other's, see package permissions.
		own := d.env.ResourceName("")
		if at := element(restores, i); d.sound(at, "project") && !strings.HasPrefix(snapshot, "awsbackup:") &&
			!strings.HasPrefix(strings.TrimPrefix(snapshot, "rds:"), own) {
			d.report(at, "must be a snapshot of this environment's, whose name begins with %s or rds:%s, is %s; copy another's to such a name, with "+
				"this environment's key: aws rds copy-db-snapshot --kms-key-id alias/%s", own, own, quote(snapshot), d.env.ResourceName("data"))
		}
	}
	const retired = "database.retired"
	d.checkUnique(retired, database.Retired)
	if d.sound(restores, retired) {
		for i, name := range database.Retired {
			at := slices.Index(database.Restores, name)
			switch {
			case name != firstDatabase && at < 0:
				d.report(element(retired, i), "must be %s, or a snapshot of database.restores, is %s", firstDatabase, quote(name))
			case at == len(database.Restores)-1:
				d.report(element(retired, i), "must not be the database in use, which is that of %s", quote(name))
			}
		}
	}
	const vault = "database.backup.copyVaultARN"
	backup := database.Backup
	if backup.CopyVaultARN == "" {
		return
	}
	// RDS's snapshots of an encrypted database go to another account only by hand.
	d.checkARN(vault, backup.CopyVaultARN, arnAccount, "account", d.env.Account)
	if d.sound(vault, "region") && strings.Split(backup.CopyVaultARN, ":")[arnRegion] == d.env.Region {
		d.report(vault, "must be in another region than the environment's, is in %s too", d.env.Region)
	}
	if d.sound(vault, "database.backup.enabled") && !backup.Enabled {
		d.report(vault, "must come with database.backup.enabled: there is nothing to copy")
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
