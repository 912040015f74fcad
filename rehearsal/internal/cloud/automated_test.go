package cloud

import (
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// databases are the attributes of one database of each type, with backups.
func databases() map[string]Attributes {
	return map[string]Attributes{
		"aws_db_instance": {
			"identifier": "dev-postgres", "engine": "postgres", "engine_version": "17", "username": "app", "allocated_storage": 20.0,
			"manage_master_user_password": true, "backup_retention_period": 7.0, "skip_final_snapshot": true,
		},
		"aws_rds_cluster": {
			"cluster_identifier": "dev-postgres", "engine": "aurora-postgresql", "engine_version": "17", "master_username": "app",
			"manage_master_user_password": true, "skip_final_snapshot": true,
		},
	}
}

func snapshotsOf(w *World, database string) (names []string) {
	w.Each(func(_, name string, _ *Thing) bool { names = append(names, name); return true }, snapshotKinds[database].kind)
	return names
}

// TestAutomatedSnapshot follows RDS's automated snapshot through the life of a database.
func TestAutomatedSnapshot(t *testing.T) {
	name := regexp.MustCompile(`^rds:dev-postgres-\d{4}-\d\d-\d\d-\d\d-\d\d$`)
	for database, a := range databases() {
		t.Run(database, func(t *testing.T) {
			w := newWorld()
			assert.NilError(t, w.Create(database, "", a))
			own := snapshotsOf(w, database)
			assert.Assert(t, len(own) == 1 && name.MatchString(own[0]), "%v", own)
			assert.Equal(t, SnapshotType(own[0]), SnapshotAutomated)

			// A change takes no second snapshot, whatever the time.
			kind := snapshotKinds[database].kind
			yesterday := "rds:dev-postgres-2026-11-25-02-10"
			w.Things[kind] = map[string]*Thing{yesterday: w.Get(kind, own[0])}
			assert.NilError(t, w.Change(database, "", with(t, a, `{"deletion_protection": false}`)))
			assert.DeepEqual(t, snapshotsOf(w, database), []string{yesterday})
			own[0] = yesterday

			restored := databases()[database]
			delete(restored, "username")
			delete(restored, "master_username")
			restored["snapshot_identifier"] = own[0]
			for _, identifier := range []string{"identifier", "cluster_identifier"} {
				if restored[identifier] != nil {
					restored[identifier] = "dev-postgres-again"
				}
			}
			assert.NilError(t, w.Create(database, "", restored))
			assert.Equal(t, orElse(text(restored, "username"), text(restored, "master_username")), "app")
			assert.Equal(t, len(snapshotsOf(w, database)), 2)

			assert.NilError(t, w.TakeSnapshot(database, w.Get(database, Key(database, "", a)), "dev-by-hand", "somebody"))
			assert.NilError(t, w.Delete(database, "", a))
			assert.NilError(t, w.Delete(database, "", restored))
			assert.DeepEqual(t, snapshotsOf(w, database), []string{"dev-by-hand"})
		})
	}
}

// TestRetainedSnapshot keeps the automated snapshot of a deleted database.
func TestRetainedSnapshot(t *testing.T) {
	for database, a := range databases() {
		t.Run(database, func(t *testing.T) {
			w := newWorld()
			a["delete_automated_backups"] = false
			assert.NilError(t, w.Create(database, "", a))
			own := snapshotsOf(w, database)
			assert.NilError(t, w.Delete(database, "", a))
			assert.DeepEqual(t, snapshotsOf(w, database), own)
			// A second one in the same minute would have the same name, so RDS takes none.
			again := databases()[database]
			assert.NilError(t, w.Create(database, "", again))
			assert.NilError(t, w.Delete(database, "", again))
			assert.Assert(t, w.Get(snapshotKinds[database].kind, own[0]) != nil, "the new database has taken the old one's backup")
		})
	}
}

// TestNoBackups turns an instance's backups off, which deletes its automated snapshots.
func TestNoBackups(t *testing.T) {
	const database = "aws_db_instance"
	w, a := newWorld(), databases()[database]
	assert.NilError(t, w.Create(database, "", a))
	assert.NilError(t, w.TakeSnapshot(database, w.Get(database, text(a, "id")), "dev-by-hand", "somebody"))
	assert.NilError(t, w.Change(database, "", with(t, a, `{"backup_retention_period": 0}`)))
	assert.DeepEqual(t, snapshotsOf(w, database), []string{"dev-by-hand"})
}

func TestSnapshotNames(t *testing.T) {
	w := newWorld()
	a := databases()["aws_db_instance"]
	assert.NilError(t, w.Create("aws_db_instance", "", a))
	of := w.Get("aws_db_instance", text(a, "id"))
	for name, test := range map[string]struct {
		asked string
		good  bool
	}{
		"a letter":             {"a", true},
		"with digits":          {"plinth-dev-2026-11-26", true},
		"as long as may be":    {strings.Repeat("a", 255), true},
		"longer":               {strings.Repeat("a", 256), false},
		"nothing":              {"", false},
		"a digit first":        {"2026-11-26", false},
		"a hyphen last":        {"before-", false},
		"two hyphens in a row": {"before--after", false},
		"an underscore":        {"before_after", false},
		"as RDS's own":         {"rds:dev-postgres-2026-11-26-02-10", false},
		"as AWS Backup's":      {"awsbackup:job-1", false},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.TakeSnapshot("aws_db_instance", of, test.asked, "somebody")
			if test.good {
				assert.NilError(t, err)
				assert.Equal(t, SnapshotType(test.asked), SnapshotManual)
				return
			}
			assert.ErrorContains(t, err, "InvalidParameterValue")
			assert.Assert(t, w.Get("aws_db_snapshot", test.asked) == nil)
		})
	}
}

// TestFinalSnapshotName: an invalid final snapshot name keeps the database.
func TestFinalSnapshotName(t *testing.T) {
	for database, a := range databases() {
		t.Run(database, func(t *testing.T) {
			w := newWorld()
			a["skip_final_snapshot"], a["final_snapshot_identifier"] = false, "last_one"
			assert.NilError(t, w.Create(database, "", a))
			assert.ErrorContains(t, w.Delete(database, "", a), `"last_one" is not valid`)
			assert.Assert(t, w.Get(database, Key(database, "", a)) != nil)
		})
	}
}
