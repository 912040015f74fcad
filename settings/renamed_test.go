package settings

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// renamings are the keys of earlier versions with their new names.
var renamings = []struct{ old, new, variable, newVariable string }{
	{"ci.sessionMinutes", "ci.maxSessionMinutes", "CI_SESSION_MINUTES", "CI_MAX_SESSION_MINUTES"},
	{"ci.sharesProvider", "ci.useExistingOIDCProvider", "CI_SHARES_PROVIDER", "CI_USE_EXISTING_OIDC_PROVIDER"},
	{"cluster.access", "cluster.accessEntries", "CLUSTER_ACCESS", "CLUSTER_ACCESS_ENTRIES"},
	{"database.backup", "database.awsBackup", "", ""}, // a section
	{"database.backup.copyKeepDays", "database.awsBackup.copyRetentionDays", "DATABASE_BACKUP_COPY_KEEP_DAYS", "DATABASE_AWS_BACKUP_COPY_RETENTION_DAYS"},
	{"database.backup.copyVaultARN", "database.awsBackup.crossRegionVaultARN", "DATABASE_BACKUP_COPY_VAULT_ARN", "DATABASE_AWS_BACKUP_CROSS_REGION_VAULT_ARN"},
	{"database.backup.enabled", "database.awsBackup.enabled", "DATABASE_BACKUP_ENABLED", "DATABASE_AWS_BACKUP_ENABLED"},
	{"database.backup.keepDays", "database.awsBackup.retentionDays", "DATABASE_BACKUP_KEEP_DAYS", "DATABASE_AWS_BACKUP_RETENTION_DAYS"},
	{"database.restores", "database.restoreFromSnapshots", "DATABASE_RESTORES", "DATABASE_RESTORE_FROM_SNAPSHOTS"},
	{"database.retired", "database.deletedDatabases", "DATABASE_RETIRED", "DATABASE_DELETED_DATABASES"},
	{"network.bastion.idleMinutes", "network.bastion.idleTimeoutMinutes", "NETWORK_BASTION_IDLE_MINUTES", "NETWORK_BASTION_IDLE_TIMEOUT_MINUTES"},
	{"network.bastion.maxMinutes", "network.bastion.maxSessionMinutes", "NETWORK_BASTION_MAX_MINUTES", "NETWORK_BASTION_MAX_SESSION_MINUTES"},
	{"network.sharesRangeWith", "network.allowOverlapWith", "NETWORK_SHARES_RANGE_WITH", "NETWORK_ALLOW_OVERLAP_WITH"},
	{"network.vpn.sessionHours", "network.vpn.sessionTimeoutHours", "NETWORK_VPN_SESSION_HOURS", "NETWORK_VPN_SESSION_TIMEOUT_HOURS"},
	{"observability.alarms.errorLogs", "observability.alarms.errorLogsPer5Minutes", "OBSERVABILITY_ALARMS_ERROR_LOGS", "OBSERVABILITY_ALARMS_ERROR_LOGS_PER5_MINUTES"},
	{"observability.alarms.errorPercent", "observability.alarms.errorRatePercent", "OBSERVABILITY_ALARMS_ERROR_PERCENT", "OBSERVABILITY_ALARMS_ERROR_RATE_PERCENT"},
	{"observability.alarms.latencyMilliseconds", "observability.alarms.p95LatencyMilliseconds", "OBSERVABILITY_ALARMS_LATENCY_MILLISECONDS", "OBSERVABILITY_ALARMS_P95_LATENCY_MILLISECONDS"},
	{"observability.budget.percent", "observability.budget.thresholdPercent", "OBSERVABILITY_BUDGET_PERCENT", "OBSERVABILITY_BUDGET_THRESHOLD_PERCENT"},
	{"observability.prometheus.scrapeSeconds", "observability.prometheus.scrapeIntervalSeconds", "OBSERVABILITY_PROMETHEUS_SCRAPE_SECONDS", "OBSERVABILITY_PROMETHEUS_SCRAPE_INTERVAL_SECONDS"},
	{"registry.keepImages", "registry.maxTaggedImages", "REGISTRY_KEEP_IMAGES", "REGISTRY_MAX_TAGGED_IMAGES"},
	{"registry.untaggedDays", "registry.untaggedRetentionDays", "REGISTRY_UNTAGGED_DAYS", "REGISTRY_UNTAGGED_RETENTION_DAYS"},
	{"state.logBucket", "state.accessLogBucket", "STATE_LOG_BUCKET", "STATE_ACCESS_LOG_BUCKET"},
	{"state.oldVersionDays", "state.noncurrentVersionRetentionDays", "STATE_OLD_VERSION_DAYS", "STATE_NONCURRENT_VERSION_RETENTION_DAYS"},
}

// atTop returns a file with the key in its first section.
func atTop(t *testing.T, path string) string {
	t.Helper()
	file := strings.ReplaceAll(base, "cluster:\n  accessEntries:\n    - principal: role/admin\n      policy: admin\n", "")
	keys := strings.Split(path, ".")
	if section := keys[0] + ":\n"; strings.Contains(file, section) {
		return under(keys[0], nested(keys[1:]))(file)
	}
	return top(nested(keys))(file)
}

// nested returns keys as nested YAML: a: {b: {c: x}}.
func nested(keys []string) string {
	return strings.Join(keys, ": {") + ": x" + strings.Repeat("}", len(keys)-1)
}

func TestRenamedKeys(t *testing.T) {
	if len(renamings) != len(renamedKeys) {
		t.Errorf("%d of %d renamed keys are tested", len(renamings), len(renamedKeys))
	}
	for _, test := range renamings {
		t.Run(test.old, func(t *testing.T) {
			file := atTop(t, test.old)
			line := 1 + strings.Count(file[:strings.Index(file, ": x")], "\n")
			_, err := loadFiles(map[string]string{"dev": file})
			expect(t, err, fmt.Sprintf("dev.yaml:%d: %s: is now %s; rename it", line, test.old, test.new))

			if test.variable == "" {
				return
			}
			_, err = loadFiles(map[string]string{"dev": base}, "PLINTH_DEV_"+test.variable+"=1")
			expect(t, err, fmt.Sprintf("PLINTH_DEV_%s: is now PLINTH_DEV_%s; rename it", test.variable, test.newVariable))

			if !slices.ContainsFunc(leaves(), func(l leaf) bool { return l.path == test.new }) {
				t.Errorf("%s is no setting", test.new)
			}
			if slices.ContainsFunc(leaves(), func(l leaf) bool { return l.path == test.old }) {
				t.Errorf("%s is still a setting", test.old)
			}
		})
	}
}

// TestRenamedKeyWithWhatFollowsFromIt: only the old key is reported, whatever depends on the new one.
func TestRenamedKeyWithWhatFollowsFromIt(t *testing.T) {
	files := map[string]string{
		"dev": base,
		"qa":  all(swap("10.10.0.0/16", "10.20.0.0/16"), under("ci", "sharesProvider: true"))(base),
	}
	_, err := loadFiles(files)
	expect(t, err, "qa.yaml:18: ci.sharesProvider: is now ci.useExistingOIDCProvider; rename it")

	// In a renamed section, each key is reported.
	_, err = loadFiles(map[string]string{"dev": under("database", "backup:", "  enabled: true", "  keepDays: 7")(base)})
	expect(t, err, "dev.yaml:8: database.backup.enabled: is now database.awsBackup.enabled; rename it\n"+
		"dev.yaml:9: database.backup.keepDays: is now database.awsBackup.retentionDays; rename it")
	_, err = loadFiles(map[string]string{"dev": under("database", "backup: {enable: true}")(base)})
	expect(t, err, "dev.yaml:7: database.backup: is now database.awsBackup; rename it")
}

// The message about a removed key says what to do.
func TestRemovedKeys(t *testing.T) {
	const gone = "is gone: a job's token has the audience <project>-<environment>-plan, -deploy or -push; remove it"
	_, err := loadFiles(map[string]string{"dev": under("ci", "audience: sts.amazonaws.com")(base)})
	expect(t, err, "dev.yaml:18: ci.audience: "+gone)
	_, err = loadFiles(map[string]string{"dev": base}, "PLINTH_DEV_CI_AUDIENCE=x")
	expect(t, err, "PLINTH_DEV_CI_AUDIENCE: "+gone)
}

func expect(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
