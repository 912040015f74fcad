package integration

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/run"
)

// TestUpgrade gives a database with a replica a newer minor version and the next major version, each in one
// deployment, and goes back to a snapshot of the old one.
func TestUpgrade(t *testing.T) {
	p := newProject(t, "PLINTH_DEV_DATABASE_REPLICAS=1")
	data, primary, snapshot := p.stack("data"), p.rehearsal.name("postgres"), p.rehearsal.name("before")
	replica := primary + "-replica-1"
	settings := func(version string, more ...string) {
		t.Helper()
		overrides := []string{p.Variable("DATABASE_VERSION=" + version), p.Variable("DATABASE_REPLICAS=1")}
		for _, override := range more {
			overrides = append(overrides, p.Variable(override))
		}
		p.synth(overrides...)
	}
	deploy := p.plinth("deploy " + data + " --auto-approve")
	unchanged := func() { t.Helper(); p.contains(p.do(p.terraform("plan", "data")), "No changes.") }

	settings("16.8")
	p.do(p.plinth("bootstrap dev --auto-approve --state " + p.folder))
	p.do(p.terraform("apply", "network"))
	p.do(deploy)
	assert.DeepEqual(t, p.versions(), map[string]string{primary: "16.8", replica: "16.8"})

	settings("16.11")
	p.contains(p.refused(deploy), "Refused:", "database.version: the read replica "+replica+" needs the new version before its primary.")
	assert.NilError(t, p.Cloud().Update(func(w *cloud.World) error {
		w.Each(func(_, _ string, thing *cloud.Thing) bool {
			if thing.Attributes["identifier"] == replica {
				thing.Attributes["engine_version"], thing.Attributes["engine_version_actual"] = "16.11", "16.11"
			}
			return true
		}, "aws_db_instance")
		return nil
	}))
	p.contains(p.do(deploy), "Upgrades the database "+primary)
	assert.DeepEqual(t, p.versions(), map[string]string{primary: "16.11", replica: "16.11"})
	unchanged()

	p.do(run.Command{Name: "snapshot", Program: p.Path("bin", "aws"), Folder: p.Folder,
		Args: strings.Fields("rds create-db-snapshot --db-instance-identifier " + primary + " --db-snapshot-identifier " + snapshot)})
	settings("17", "DATABASE_APPLY_IMMEDIATELY=false")
	p.contains(p.refused(deploy), "Refused:", "Set database.applyImmediately: true")
	settings("17")
	p.contains(p.do(deploy), "Upgrades the database "+primary, "Apply complete!")
	assert.DeepEqual(t, p.versions(), map[string]string{primary: "17.7", replica: "17.7"})
	assert.DeepEqual(t, p.parameterGroups(), []string{primary + "-17"})
	unchanged()

	settings("16")
	p.contains(p.refused(deploy), "Refused:", "the database "+primary+" cannot go back", "database.restoreFromSnapshots")
	settings("16", "DATABASE_RESTORE_FROM_SNAPSHOTS=["+snapshot+"]")
	p.contains(p.do(deploy), "Apply complete!")
	unchanged()
	restored := p.versions()
	assert.Equal(t, len(restored), 4)
	assert.Equal(t, restored[primary], "17.7")
	assert.Equal(t, restored[replica], "17.7")
	delete(restored, primary)
	delete(restored, replica)
	assert.DeepEqual(t, slices.Collect(maps.Values(restored)), []string{"16.11", "16.11"})

	settings("16", "DATABASE_RESTORE_FROM_SNAPSHOTS=["+snapshot+"]", "DATABASE_DELETED_DATABASES=[original]")
	p.contains(p.do(deploy), "Deletes the database "+primary)
	assert.DeepEqual(t, p.versions(), restored)
	groups := p.parameterGroups()
	assert.Assert(t, len(groups) == 1 && strings.HasSuffix(groups[0], "-16"), groups)
	unchanged()
}

// TestMaintenanceWindow deploys a change that waits for the maintenance window. It is no drift until then, and
// nothing is left to deploy afterwards.
func TestMaintenanceWindow(t *testing.T) {
	nightly(t)
	p := newProject(t)
	data := p.stack("data")
	waits := p.Variable("DATABASE_APPLY_IMMEDIATELY=false")
	p.synth(waits)
	p.do(p.plinth("bootstrap dev --auto-approve --state " + p.folder))
	p.do(p.terraform("apply", "network"))
	deploy, drift := p.plinth("deploy "+data+" --auto-approve"), p.plinth("drift dev "+data)
	p.do(deploy)
	class := func() (class string) {
		p.world().Each(func(_, _ string, thing *cloud.Thing) bool {
			class, _ = thing.Attributes["instance_class"].(string)
			return false
		}, "aws_db_instance")
		return class
	}
	before := class()
	p.synth(waits, p.Variable("DATABASE_INSTANCE_CLASS=db.t4g.large"))
	p.contains(p.refused(drift), "| "+data+" | differs | 1 to change |") // not deployed yet
	p.contains(p.do(deploy), "Apply complete!")
	assert.Equal(t, class(), before)
	p.contains(p.do(drift), "| "+data+" | no drift | the database changes in its maintenance window; afterwards: ./plinth deploy "+data+" |")
	drift.Env = append(drift.Env, cloud.AheadVariable+"=168h")
	p.contains(p.do(drift), "| "+data+" | no drift |  |")
	assert.Equal(t, class(), "db.t4g.large")
	p.contains(p.do(deploy), "No changes.")
}

// TestUpgradedAurora gives an Aurora cluster the next major version in one deployment, and goes back.
func TestUpgradedAurora(t *testing.T) {
	nightly(t)
	t.Parallel()
	aurora := []string{"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium"}
	r := furnished(t, "dev", append(aurora, "PLINTH_DEV_DATABASE_VERSION=16")...)
	r.do(r.terraform("apply", "network"))
	r.do(r.terraform("apply", "data"))
	cluster, snapshot := r.name("postgres"), r.name("before")
	r.do(run.Command{Name: "snapshot", Program: r.Path("bin", "aws"), Folder: r.Folder,
		Args: strings.Fields("rds create-db-cluster-snapshot --db-cluster-identifier " + cluster + " --db-cluster-snapshot-identifier " + snapshot)})
	r.synth(append(aurora, "PLINTH_DEV_DATABASE_VERSION=17")...)
	r.do(r.terraform("apply", "data"))
	versions := r.versions()
	assert.Assert(t, len(versions) > 1)
	for identifier, version := range versions {
		assert.Equal(t, version, "17.7", identifier)
	}
	assert.DeepEqual(t, r.parameterGroups(), []string{cluster + "-17"})
	r.contains(r.do(r.terraform("apply", "data")), "No changes.")

	r.synth(append(aurora, "PLINTH_DEV_DATABASE_VERSION=16", "PLINTH_DEV_DATABASE_RESTORE_FROM_SNAPSHOTS=["+snapshot+"]")...)
	r.do(r.terraform("apply", "data"))
	r.contains(r.do(r.terraform("apply", "data")), "No changes.")
	both := r.versions()
	assert.Equal(t, len(both), 2*len(versions))
	for identifier, version := range both {
		want := "16.11"
		if versions[identifier] != "" {
			want = "17.7"
		}
		assert.Equal(t, version, want, identifier)
	}
}

// versions are the PostgreSQL versions that run, by identifier.
func (r rehearsal) versions() map[string]string {
	r.t.Helper()
	versions := map[string]string{}
	r.world().Each(func(_, _ string, t *cloud.Thing) bool {
		identifier, ok := t.Attributes["identifier"].(string)
		if !ok {
			identifier = t.Attributes["cluster_identifier"].(string)
		}
		if t.MadeBy == "" {
			versions[identifier] = t.Attributes["engine_version_actual"].(string)
		}
		return true
	}, "aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance")
	return versions
}

func (r rehearsal) parameterGroups() (names []string) {
	r.t.Helper()
	r.world().Each(func(_, name string, _ *cloud.Thing) bool { names = append(names, name); return true },
		"aws_db_parameter_group", "aws_rds_cluster_parameter_group")
	return names
}
