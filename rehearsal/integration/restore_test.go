package integration

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/run"
)

// TestRestoredDatabase takes a manual snapshot and restores it with one setting: a new database,
// the application on it, the old database kept until the settings say otherwise.
func TestRestoredDatabase(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind, identifier, snapshot string
		take                       string
		overrides                  []string
	}{
		"RDS": {
			"aws_db_instance", "identifier", "aws_db_snapshot",
			"rds create-db-snapshot --db-instance-identifier <database> --db-snapshot-identifier <snapshot>", nil,
		},
		"Aurora": {
			"aws_rds_cluster", "cluster_identifier", "aws_db_cluster_snapshot",
			"rds create-db-cluster-snapshot --db-cluster-identifier <database> --db-cluster-snapshot-identifier <snapshot>",
			[]string{"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := furnished(t, "dev", test.overrides...)
			primary, snapshot := r.name("postgres"), r.name("before")
			r.deploy()
			old := r.databases(test.kind, test.identifier)
			assert.Equal(t, len(old), 1)
			r.uses(old[primary])

			restores := append(test.overrides, "PLINTH_DEV_DATABASE_RESTORE_FROM_SNAPSHOTS=["+snapshot+"]")
			r.synth(restores...)
			r.contains(r.refused(r.terraform("apply", "data")), snapshot+" not found")
			assert.Assert(t, maps.Equal(r.databases(test.kind, test.identifier), old))

			take := strings.NewReplacer("<database>", primary, "<snapshot>", snapshot).Replace(test.take)
			r.do(run.Command{Name: "snapshot", Program: r.Path("bin", "aws"), Args: strings.Fields(take), Folder: r.Folder})
			r.deploy()
			both := r.databases(test.kind, test.identifier)
			assert.Equal(t, len(both), 2)
			assert.Equal(t, both[primary].address, old[primary].address)
			delete(both, primary)
			for identifier, restored := range both {
				assert.Assert(t, strings.HasPrefix(identifier, primary+"-"), identifier)
				assert.Equal(t, restored.snapshot, snapshot)
				r.uses(restored)
			}
			r.consistent()
			assert.Equal(t, strings.Count(r.deploy(), "No changes."), len(r.App.Names()), "a restored database differs from its settings")

			r.synth(append(restores, "PLINTH_DEV_DATABASE_DELETED_DATABASES=[original]")...)
			r.deploy()
			assert.Assert(t, maps.Equal(r.databases(test.kind, test.identifier), both))
			r.consistent()

			// Deleting the key makes the snapshots that it encrypts useless, so they go first.
			assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error {
				assert.Assert(t, w.Get(test.snapshot, snapshot) != nil, "the snapshot has gone with its database")
				w.Remove(test.snapshot, snapshot)
				return nil
			}))
			r.destroy()
			r.empty()
		})
	}
}

// database is what other resources refer to.
type database struct{ address, secret, snapshot string }

// databases are the writable databases, by identifier.
func (r rehearsal) databases(kind, identifier string) map[string]database {
	r.t.Helper()
	all := map[string]database{}
	r.world().Each(func(_, _ string, t *cloud.Thing) bool {
		text := func(name string) string { s, _ := t.Attributes[name].(string); return s }
		d := database{address: text("address"), snapshot: text("snapshot_identifier")}
		if kind == "aws_rds_cluster" {
			d.address = text("endpoint")
		}
		secrets := t.Attributes["master_user_secret"].([]any)
		d.secret = secrets[0].(map[string]any)["secret_arn"].(string)
		all[text(identifier)] = d
		return true
	}, kind)
	return all
}

// uses checks that the application connects to a database with its own password alone, and that what makes
// databases has the master user's.
func (r rehearsal) uses(d database) {
	r.t.Helper()
	app := r.application()
	releases, policies := map[string]string{}, map[string]string{}
	r.world().Each(func(kind, _ string, t *cloud.Thing) bool {
		if kind == "helm_release" {
			releases[fmt.Sprint(t.Attributes["name"])] = fmt.Sprint(t.Attributes["values"])
		} else {
			policies[fmt.Sprint(t.Attributes["role"])] = fmt.Sprint(t.Attributes["policy"])
		}
		return true
	}, "helm_release", "aws_iam_role_policy")
	r.contains(releases[app], d.address, "/"+app+"/database-a-")
	r.contains(policies[r.name(app)], "/"+app+"/database-a-")
	r.contains(releases["databases"], d.address, d.secret)
	r.contains(policies[r.name("databases")], d.secret)
	for _, text := range []string{releases[app], policies[r.name(app)], policies[r.name("databases")]} {
		most := 0
		if text == policies[r.name("databases")] {
			most = 1
		}
		assert.Equal(r.t, strings.Count(text, "secret:rds!"), most, text)
	}
}
