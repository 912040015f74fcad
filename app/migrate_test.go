package main_test

import (
	"strings"
	"testing"

	"plinth/app/internal/postgrestest"
)

func TestReplicasMigrateTogether(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	var replicas []*process
	for range 4 {
		replicas = append(replicas, start(t, database, options{}))
	}
	for _, replica := range replicas {
		replica.up()
	}
	rows, err := database.Connect().Query(t.Context(), "SELECT version_id, count(*) FROM goose_db_version GROUP BY 1 ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for rows.Next() {
		var version, times int
		if err := rows.Scan(&version, &times); err != nil {
			t.Fatal(err)
		}
		if times != 1 {
			t.Errorf("version %d was applied %d times", version, times)
		}
		found++
	}
	if found != 2 { // goose's own version 0, and ours
		t.Errorf("%d versions", found)
	}
	migrated := 0
	for _, replica := range replicas {
		migrated += strings.Count(replica.output.String(), "schema migrated")
	}
	if migrated != 1 {
		t.Errorf("%d replicas migrated", migrated)
	}
}

// A migration that cannot succeed ends the process: waiting would not help.
func TestMigrationFails(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	connection := database.Connect()
	if _, err := connection.Exec(t.Context(), "CREATE TABLE visits ()"); err != nil {
		t.Fatal(err)
	}
	service := start(t, database, options{})
	if code := service.exit(); code != 1 {
		t.Errorf("status %d", code)
	}
	for _, part := range []string{"migrate the schema", "00001_visits.sql", `relation \"visits\" already exists`} {
		if !strings.Contains(service.output.String(), part) {
			t.Errorf("not in the log: %s", part)
		}
	}
}

// After a rollback of the service the schema is newer than the service.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	first := start(t, database, options{}).up()
	if _, err := database.Connect().Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)"); err != nil {
		t.Fatal(err)
	}
	start(t, database, options{credentials: first.credentials}).up()
}
