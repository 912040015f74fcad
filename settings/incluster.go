package settings

import (
	"reflect"
	"strings"
)

// inClusterSettings are those of the database that mean something in the cluster too.
var inClusterSettings = map[string]bool{
	"database.engine": true, "database.version": true, "database.name": true, "database.username": true,
}

// databaseAlarms are raised by the metrics of a server of AWS's.
var databaseAlarms = map[string]bool{
	"observability.alarms.databaseCPUPercent": true, "observability.alarms.databaseConnections": true,
	"observability.alarms.databaseFreeStorageGiB": true, "observability.alarms.replicaLagSeconds": true,
}

// rdsSettings are those that only a server of AWS's has a use for: all others of the database,
// and the alarms that its metrics raise.
func rdsSettings() (managed []leaf) {
	for _, leaf := range leaves() {
		if strings.HasPrefix(leaf.path, "database.") && !inClusterSettings[leaf.path] || databaseAlarms[leaf.path] {
			managed = append(managed, leaf)
		}
	}
	return managed
}

// checkInCluster holds the rest of the settings against the engine in-cluster. Only a server of
// AWS's has a class, and that one must have it.
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

// overrideInCluster takes away what a file says of a server of AWS's when a variable says that there
// is none: an environment is tried out in the cluster by that variable alone.
func (d *document) overrideInCluster(variables map[string]string) {
	if variables[Variable(d.env.Name, "database.engine")] != string(EngineInCluster) {
		return
	}
	environment, defaults := reflect.ValueOf(d.env).Elem(), reflect.ValueOf(Defaults()).Elem()
	for _, leaf := range rdsSettings() {
		environment.FieldByIndex(leaf.index).Set(defaults.FieldByIndex(leaf.index))
		d.unset(leaf.path)
	}
}
