package main_test

import (
	"testing"
	"time"

	"plinth/app/internal/postgrestest"
)

// RDS changes the password; the new one reaches the pod's files only later. Meanwhile no new
// connection is possible, and the test ends half of the existing ones.
func TestPasswordIsRotated(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	connection := database.Connect()
	const (
		all  = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1"
		half = all + " ORDER BY pid LIMIT 4"
	)
	terminate := func(statement string) {
		t.Helper()
		if _, err := connection.Exec(t.Context(), statement, database.Username); err != nil {
			t.Fatal(err)
		}
	}
	load := newLoad(t, service.url)
	load.more(t, 200, 100)

	database.SetPassword("second-test-password")
	load.more(t, 200, 50)
	terminate(half)
	time.Sleep(3 * time.Second)
	load.more(t, 200, 100)
	service.credentials.write(database.Username, database.Password)
	load.more(t, 200, 50)

	// Now every session uses the new password.
	terminate(all)
	load.more(t, 200, 100)
	load.flawless(t)
	if count := visits(t, database); count != load.count(200) {
		t.Errorf("%d visits were counted, %d were answered", count, load.count(200))
	}
}

// With no connection left, requests wait for the new password.
func TestPasswordArrivesInTime(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	load := newLoad(t, service.url)
	load.more(t, 200, 50)
	database.SetPassword("third-test-password")
	database.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + database.Username + "'")
	time.Sleep(time.Second)
	service.credentials.write(database.Username, database.Password)
	load.more(t, 200, 50)
	load.flawless(t)
}
