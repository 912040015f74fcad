package settings

import (
	"slices"
	"strconv"
	"strings"
)

// ParameterFamily returns the version's parameter group family: postgres17, aurora-postgresql17.
func (d Database) ParameterFamily() string {
	major, _, _ := strings.Cut(d.Version, ".")
	return string(d.Engine) + major
}

// reservedWords are the key words that PostgreSQL does not accept as names, and the name that RDS
// reserves.
//
// https://www.postgresql.org/docs/17/sql-keywords-appendix.html
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
var reservedWords = strings.Fields(`
	all analyse analyze and any array as asc asymmetric authorization binary both case cast check
	collate collation column concurrently constraint create cross current_catalog current_date
	current_role current_schema current_time current_timestamp current_user default deferrable
	desc distinct do else end except false fetch for foreign freeze from full grant group having
	ilike in initially inner intersect into is isnull join lateral leading left like limit
	localtime localtimestamp natural not notnull null offset on only or order outer overlaps
	placing primary references returning right select session_user similar some symmetric
	system_user table tablesample then to trailing true union unique user using variadic verbose
	when where window with rdsadmin`)

func isFreeDatabaseName(s string) bool {
	return !slices.Contains(reservedWords, s) && s != "template0" && s != "template1"
}

// isFreeUsername also refuses admin, as RDS does for PostgreSQL, and the prefixes of PostgreSQL's and
// RDS's own roles.
func isFreeUsername(s string) bool {
	return !slices.Contains(reservedWords, s) && s != "admin" && s != "public" && s != "none" && s != "rdsrepladmin" &&
		!strings.HasPrefix(s, "pg_") && !strings.HasPrefix(s, "rds_")
}

const (
	clock   = `([01][0-9]|2[0-3]):[0-5][0-9]`
	weekday = `(mon|tue|wed|thu|fri|sat|sun)`

	minutesADay  = 24 * 60
	minutesAWeek = 7 * minutesADay
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
	shortestWindow = 30
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// window is a part of a day or a week, in minutes. It may extend into the next day or week.
type window struct{ start, length int }

func minutes(clock string) int {
	hours, _ := strconv.Atoi(clock[:2])
	minutes, _ := strconv.Atoi(clock[3:])
	return hours*60 + minutes
}

// backupWindow parses a valid hh:mm-hh:mm.
func backupWindow(s string) window {
	start, end := minutes(s[:5]), minutes(s[6:])
	return window{start, (end - start + minutesADay) % minutesADay}
}

// maintenanceWindow parses a valid ddd:hh:mm-ddd:hh:mm.
func maintenanceWindow(s string) window {
	start := slices.Index(weekdays, s[:3])*minutesADay + minutes(s[4:9])
	end := slices.Index(weekdays, s[10:13])*minutesADay + minutes(s[14:])
	return window{start, (end - start + minutesAWeek) % minutesAWeek}
}

func isBackupWindow(s string) bool { return backupWindow(s).length >= shortestWindow }

func isMaintenanceWindow(s string) bool {
	length := maintenanceWindow(s).length
	return length >= shortestWindow && length <= minutesADay
}

// collides reports whether the weekly window overlaps the daily one on any day.
func (daily window) collides(weekly window) bool {
	for day := -1; day <= 8; day++ { // either may extend into a neighbouring week
		start := daily.start + day*minutesADay
		if start < weekly.start+weekly.length && weekly.start < start+daily.length {
			return true
		}
	}
	return false
}

// engineSettings are, by engine, the settings that have an effect with this engine only, with the reason.
// Setting one for the other engine is an error.
var engineSettings = map[Engine]map[string]string{
	EnginePostgres: {
		"database.storageGiB":      "Aurora's storage grows by itself",
		"database.maxStorageGiB":   "Aurora's storage grows by itself",
		"database.multiAZ":         "Aurora's storage spans zones, and its replicas are standbys; use database.autoscaling",
		"database.replicas":        "Aurora scales its replicas; use database.autoscaling",
		"database.passwordVersion": "RDS rotates Aurora's password by itself",
	},
	EngineAurora: {
		"database.autoscaling.min":        "RDS's replicas do not scale; use database.replicas",
		"database.autoscaling.max":        "RDS's replicas do not scale; use database.replicas",
		"database.autoscaling.cpuPercent": "RDS's replicas do not scale; use database.replicas",
	},
}

func (d *document) checkDatabase() {
	d.checkInCluster()
	database := d.env.Database
	if d.isValid("database.engine") && database.Engine != EngineInCluster {
		for engine, paths := range engineSettings {
			for path, why := range paths {
				if engine != database.Engine && d.isSet(path) && d.isValid(path) {
					d.report(path, "must not be set with engine %s: %s", database.Engine, why)
				}
			}
		}
	}
	d.checkInstanceClass()
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
	if d.isValid("database.storageGiB", "database.maxStorageGiB") {
		if least := (database.StorageGiB*11 + 9) / 10; database.MaxStorageGiB < least {
			d.report("database.maxStorageGiB", "must be at least 10%% more than storageGiB (%d), that is %d, is %d",
				database.StorageGiB, least, database.MaxStorageGiB)
		}
	}
	if scaling := database.Autoscaling; d.isValid("database.autoscaling") && scaling.Min == 0 && scaling.Max > 0 {
		d.report("database.autoscaling.min", "must be at least 1 if max is above 0, is 0: "+
			"autoscaling measures the replicas' load; set max to 0 for no replicas")
	}
	if scaling := database.Autoscaling; d.isValid("database.autoscaling") && scaling.Min > scaling.Max {
		d.report("database.autoscaling.min", "must be at most max (%d), is %d", scaling.Max, scaling.Min)
	}
	if d.isValid("database.passwordRotationDays", "database.replicas", "database.engine") && database.PasswordRotationDays > 0 &&
		database.Engine == EnginePostgres && database.Replicas > 0 {
		d.report("database.passwordRotationDays", "must not be set with database.replicas: RDS does not manage the password of a database with replicas; "+
			"increase database.passwordVersion to change it")
	}
	d.checkRecovery()
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
	if d.isValid("database.backupWindow", "database.maintenanceWindow") &&
		backupWindow(database.BackupWindow).collides(maintenanceWindow(database.MaintenanceWindow)) {
		d.report("database.maintenanceWindow", "must not overlap backupWindow (%s), is %s",
			database.BackupWindow, database.MaintenanceWindow)
	}
}
