package settings

import (
	"maps"
	"strings"
)

// inClusterSettings are those of the database that mean something in the cluster too.
var inClusterSettings = map[string]bool{
	"database.engine": true, "database.version": true, "database.name": true, "database.username": true,
}

// managedSettings are those that only a server of AWS's has a use for: all others of the database,
// and the alarms that its metrics raise.
func managedSettings() []string {
	paths := []string{
		"observability.alarms.databaseCPUPercent", "observability.alarms.databaseConnections",
		"observability.alarms.databaseFreeStorageGiB", "observability.alarms.replicaLagSeconds",
	}
	for _, leaf := range leaves() {
		if strings.HasPrefix(leaf.path, "database.") && !inClusterSettings[leaf.path] {
			paths = append(paths, leaf.path)
		}
	}
	return paths
}

// checkInCluster holds the rest of the settings against the engine in-cluster. Only a server of
// AWS's has a class, and that one must have it.
func (d *document) checkInCluster() {
	const class = "database.instanceClass"
	switch {
	case !d.sound("database.engine"):
	case d.env.Database.Engine == EngineInCluster:
		if d.sound("protected") && d.env.Protected {
			d.report("database.engine", "must not be %s while protected is true: the data goes with its pod; use %s or %s",
				EngineInCluster, EnginePostgres, EngineAurora)
		}
		for _, path := range managedSettings() {
			if d.set(path) && d.sound(path) {
				d.report(path, "must not be set with engine %s: there is no server of AWS's that it would be for; remove it", EngineInCluster)
			}
		}
	case d.env.Database.InstanceClass == "" && d.sound(class):
		if d.set(class) {
			d.report(class, "must not be empty")
		} else {
			d.report(class, "must be set: it has no default")
		}
	}
}

// overrideEngine takes away what a file says of a server of AWS's when a variable says that there
// is none: an environment is tried out in the cluster by that variable alone.
func (d *document) overrideEngine(variables map[string]string) {
	if variables[Variable(d.env.Name, "database.engine")] != string(EngineInCluster) {
		return
	}
	kept := d.env.Database
	defaults := Defaults()
	d.env.Database = defaults.Database
	d.env.Database.Version, d.env.Database.Name, d.env.Database.Username = kept.Version, kept.Name, kept.Username
	alarms := &d.env.Observability.Alarms
	alarms.DatabaseCPUPercent, alarms.ReplicaLagSeconds = defaults.Observability.Alarms.DatabaseCPUPercent, defaults.Observability.Alarms.ReplicaLagSeconds
	alarms.DatabaseConnections, alarms.DatabaseFreeStorageGiB = 0, 0
	managed := managedSettings()
	maps.DeleteFunc(d.at, func(path string, _ place) bool {
		for _, of := range managed {
			if within(path, of) {
				return true
			}
		}
		return false
	})
}
