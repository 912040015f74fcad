package settings

import "go.yaml.in/yaml/v3"

// renamedKeys are keys of earlier versions and what they are called now: an old file gets the
// new name instead of a list of all keys.
var renamedKeys = map[string]string{
	"ci.sessionMinutes":                        "ci.maxSessionMinutes",
	"ci.sharesProvider":                        "ci.useExistingOIDCProvider",
	"cluster.access":                           "cluster.accessEntries",
	"database.backup":                          "database.awsBackup",
	"database.backup.copyKeepDays":             "database.awsBackup.copyRetentionDays",
	"database.backup.copyVaultARN":             "database.awsBackup.crossRegionVaultARN",
	"database.backup.enabled":                  "database.awsBackup.enabled",
	"database.backup.keepDays":                 "database.awsBackup.retentionDays",
	"database.restores":                        "database.restoreFromSnapshots",
	"database.retired":                         "database.deletedDatabases",
	"network.bastion.idleMinutes":              "network.bastion.idleTimeoutMinutes",
	"network.bastion.maxMinutes":               "network.bastion.maxSessionMinutes",
	"network.sharesRangeWith":                  "network.allowOverlapWith",
	"network.vpn.sessionHours":                 "network.vpn.sessionTimeoutHours",
	"observability.alarms.errorLogs":           "observability.alarms.errorLogsPer5Minutes",
	"observability.alarms.errorPercent":        "observability.alarms.errorRatePercent",
	"observability.alarms.latencyMilliseconds": "observability.alarms.p95LatencyMilliseconds",
	"observability.budget.percent":             "observability.budget.thresholdPercent",
	"observability.prometheus.scrapeSeconds":   "observability.prometheus.scrapeIntervalSeconds",
	"registry.keepImages":                      "registry.maxTaggedImages",
	"registry.untaggedDays":                    "registry.untaggedRetentionDays",
	"state.logBucket":                          "state.accessLogBucket",
	"state.oldVersionDays":                     "state.noncurrentVersionRetentionDays",
}

// renamedTo is the message about an old name, of a key or of a variable.
func renamedTo(now string) string { return "is now " + now + "; rename it" }

// renamed reports an old key, or those in an old section, and tells whether it was one. The new key
// is taken for set, so that nothing follows from its absence.
func (d decoder) renamed(key, value *yaml.Node, path string) bool {
	now, ok := renamedKeys[path]
	if !ok {
		return false
	}
	d.invalid = append(d.invalid, now)
	before := len(d.problems)
	if value.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(value.Content); i += 2 {
			d.renamed(value.Content[i], value.Content[i+1], join(path, value.Content[i].Value))
		}
	}
	if len(d.problems) == before {
		d.reportAt(d.locate(key), path, "%s", renamedTo(now))
	}
	return true
}

// renamedVariable is what the variable of a renamed key is called now, or "".
func renamedVariable(variable string, environments []string) string {
	for _, environment := range environments {
		for _, leaf := range leaves() {
			for old, now := range renamedKeys {
				if now == leaf.path && Variable(environment, old) == variable {
					return Variable(environment, now)
				}
			}
		}
	}
	return ""
}
