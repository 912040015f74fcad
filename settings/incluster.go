package settings

import "strings"

// inClusterSettings are the database's settings that the engine in-cluster uses too.
var inClusterSettings = map[string]bool{
	"database.engine": true, "database.version": true, "database.name": true, "database.username": true,
}

// databaseAlarms are the alarms on metrics of RDS and Aurora.
var databaseAlarms = map[string]bool{
	"observability.alarms.databaseCPUPercent": true, "observability.alarms.databaseConnections": true,
	"observability.alarms.databaseFreeStorageGiB": true, "observability.alarms.replicaLagSeconds": true,
}

// rdsSettings returns the settings that only RDS and Aurora use: the database's other settings, and its
// alarms.
func rdsSettings() (managed []leaf) {
	for _, leaf := range leaves() {
		if strings.HasPrefix(leaf.path, "database.") && !inClusterSettings[leaf.path] || databaseAlarms[leaf.path] {
			managed = append(managed, leaf)
		}
	}
	return managed
}

// checkInCluster checks the other settings against the engine in-cluster. RDS and Aurora require an
// instance class; in-cluster must not have one.
func (d *document) checkInCluster() {
	const class = "database.instanceClass"
	switch {
	case !d.isValid("database.engine"):
	case d.env.Database.Engine == EngineInCluster:
		if d.isValid("protected") && d.env.Protected {
			d.report("database.engine", "must not be %s while protected is true: its data is lost with the pod; use %s or %s",
				EngineInCluster, EnginePostgres, EngineAurora)
		}
		for _, leaf := range rdsSettings() {
			if d.isSet(leaf.path) && d.isValid(leaf.path) {
				d.report(leaf.path, "must not be set with engine %s: it is for RDS; remove it", EngineInCluster)
			}
		}
	case d.env.Database.InstanceClass == "" && d.isValid(class):
		if d.isSet(class) {
			d.report(class, "must not be empty")
		} else {
			d.report(class, "must be set: it has no default")
		}
	}
}

// overrideInCluster resets a file's settings of RDS and Aurora if a variable sets the engine in-cluster.
// So that variable alone is enough to try an environment with a database in the cluster.
func (d *document) overrideInCluster(variables map[string]string) {
	if variables[Variable(d.env.Name, "database.engine")] != string(EngineInCluster) {
		return
	}
	defaults := Defaults()
	for _, leaf := range rdsSettings() {
		leaf.set(d.env, leaf.get(defaults))
		d.unset(leaf.path)
	}
}
