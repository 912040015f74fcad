package cloud

import (
	"testing"

	"gotest.tools/v3/assert"
)

// upgradable returns a world with a database of version 16 and a replica, and parameter groups for 16 and 17.
func upgradable(t *testing.T) (w *World, primary, replica Attributes) {
	t.Helper()
	w = newWorld()
	for _, version := range []string{"16", "17"} {
		assert.NilError(t, w.Create("aws_db_parameter_group", "", Attributes{"name": "g" + version, "family": "postgres" + version}))
	}
	primary = Attributes{
		"identifier": "primary", "engine": "postgres", "engine_version": "16", "parameter_group_name": "g16", "password_wo": "p",
		"backup_retention_period": 1.0, "allocated_storage": 20.0, "allow_major_version_upgrade": true, "apply_immediately": true,
	}
	assert.NilError(t, w.Create("aws_db_instance", "", primary))
	replica = Attributes{"identifier": "replica", "replicate_source_db": "primary", "parameter_group_name": "g16", "apply_immediately": true}
	assert.NilError(t, w.Create("aws_db_instance", "", replica))
	return w, primary, replica
}

func TestUpgrades(t *testing.T) {
	for name, test := range map[string]struct{ change, running, refusal string }{
		"another major version":        {`{"engine_version": "17", "parameter_group_name": "g17"}`, "17.7", ""},
		"in the maintenance window":    {`{"engine_version": "17", "parameter_group_name": "g17", "apply_immediately": false}`, "16.11", ""},
		"the default minor":            {`{"engine_version": "16.11"}`, "16.11", ""},
		"the group of another version": {`{"engine_version": "17"}`, "", "Use a parameter group with DBParameterGroupFamily postgres17"},
		"a group before the version":   {`{"parameter_group_name": "g17"}`, "", "Use a parameter group with DBParameterGroupFamily postgres16"},
		"without the flag":             {`{"engine_version": "17", "parameter_group_name": "g17", "allow_major_version_upgrade": false}`, "", "AllowMajorVersionUpgrade"},
		"back":                         {`{"engine_version": "15"}`, "", "Cannot upgrade postgres from 16.11 to 15.15"},
		"back to a minor version":      {`{"engine_version": "16.8"}`, "", "Cannot upgrade postgres from 16.11 to 16.8"},
		"before its replica":           {`{"engine_version": "16.12"}`, "", "DBUpgradeDependencyFailure: One or more of the DB Instance's read replicas need to be upgraded: replica"},
		"to a version that is none":    {`{"engine_version": "19"}`, "", "Cannot find version 19"},
		"less storage":                 {`{"allocated_storage": 10}`, "", "cannot be less than the current 20"},
	} {
		t.Run(name, func(t *testing.T) {
			w, primary, replica := upgradable(t)
			err := w.Change("aws_db_instance", "", with(t, primary, test.change))
			if test.refusal != "" {
				assert.ErrorContains(t, err, test.refusal)
				return
			}
			assert.NilError(t, err)
			of := func(identifier, attribute string) string {
				return text(w.find("aws_db_instance", "identifier", identifier).Attributes, attribute)
			}
			assert.Equal(t, of("primary", runningVersion), test.running)
			assert.Equal(t, of("replica", runningVersion), test.running)
			if test.running != "17.7" {
				assert.Equal(t, of("primary", "parameter_group_name"), "g16")
				assert.ErrorContains(t, w.Delete("aws_db_parameter_group", "", Attributes{"id": "g16"}), "InvalidDBParameterGroupState")
				return
			}
			assert.Equal(t, of("replica", "parameter_group_name"), "default.postgres17")
			// Terraform has planned the replica with its old version.
			assert.NilError(t, w.Change("aws_db_instance", "", with(t, replica, `{"parameter_group_name": "g17"}`)))
			assert.Equal(t, of("replica", "engine_version"), "17")
			assert.NilError(t, w.Delete("aws_db_parameter_group", "", Attributes{"id": "g16"}))
		})
	}
}

// TestUpgradedCluster: the instances of an Aurora cluster have its version.
func TestUpgradedCluster(t *testing.T) {
	w := newWorld()
	cluster := databases()["aws_rds_cluster"]
	cluster["engine_version"] = "16"
	assert.NilError(t, w.Create("aws_rds_cluster", "", cluster))
	assert.NilError(t, w.Create("aws_rds_cluster_instance", "", Attributes{"identifier": "writer", "cluster_identifier": "dev-postgres"}))
	assert.ErrorContains(t, w.Change("aws_rds_cluster", "", with(t, cluster, `{"engine_version": "17"}`)), "AllowMajorVersionUpgrade")
	assert.NilError(t, w.Change("aws_rds_cluster", "", with(t, cluster, `{"engine_version": "17", "allow_major_version_upgrade": true, "apply_immediately": true}`)))
	assert.Equal(t, text(w.Get("aws_rds_cluster_instance", "writer").Attributes, runningVersion), "17.7")
}

// TestOlderSnapshot: a restore never goes back.
func TestOlderSnapshot(t *testing.T) {
	w, primary, _ := upgradable(t)
	assert.NilError(t, w.Snapshot("aws_db_instance", &Thing{Attributes: primary}, "a", "somebody"))
	restored := Attributes{"identifier": "restored", "engine": "postgres", "engine_version": "15", "snapshot_identifier": "a"}
	assert.ErrorContains(t, w.Create("aws_db_instance", "", restored), "Cannot upgrade postgres from 16.11 to 15.15")
	restored["engine_version"] = "16"
	assert.NilError(t, w.Create("aws_db_instance", "", restored))
}
