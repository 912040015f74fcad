package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plinth/app/internal/postgrestest"
)

// script is the chart's script that makes the database of PostgreSQL in the cluster.
const script = "../charts/postgres/files/prepare.sh"

const inClusterPassword = "in-cluster-test-password-with-'quotes'-and-\\"

// startPrepared runs the service against a server that the chart's script has made.
func startPrepared(t *testing.T) (*postgrestest.Prepared, *process) {
	t.Helper()
	database := postgrestest.NewPrepared(t, script, "shop", "plinth", inClusterPassword)
	prepare(t, database)
	database.Run()
	return database, start(t, &database.Server, options{environment: map[string]string{"DATABASE_TLS": "channel-binding"}}).up()
}

func prepare(t *testing.T, database *postgrestest.Prepared) {
	t.Helper()
	output, err := database.Prepare()
	if err != nil {
		t.Fatalf("the script: %v\n%s", err, output)
	}
	if strings.Contains(output, inClusterPassword) {
		t.Errorf("the script says the password: %s", output)
	}
}

// told returns the service's answer about visits.
func told(t *testing.T, service *process) string {
	t.Helper()
	code, body := get(t, service.url+"/visits")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	return body
}

// A container that restarts in the same pod keeps the data.
func TestInClusterDatabaseOutlivesItsContainer(t *testing.T) {
	t.Parallel()
	database, service := startPrepared(t)
	get(t, service.url+"/")
	before := told(t, service)
	database.Kill()
	prepare(t, database)
	database.Run()
	if after := told(t, service); after != before {
		t.Errorf("visits are %s, before it was killed %s", after, before)
	}
}

// Another pod has an empty database and another certificate: the service continues with it.
func TestInClusterDatabaseComesBackEmpty(t *testing.T) {
	t.Parallel()
	database, service := startPrepared(t)
	fresh := told(t, service)
	get(t, service.url+"/")
	if counted := told(t, service); counted == fresh {
		t.Fatalf("a visit changes nothing: %s", counted)
	}
	before := certificate(t, database)
	database.Forget()
	prepare(t, database)
	database.Run()
	if after := told(t, service); after != fresh {
		t.Errorf("visits are %s, want %s", after, fresh)
	}
	if certificate(t, database) == before {
		t.Error("the certificate is that of the pod before")
	}
}

func certificate(t *testing.T, database *postgrestest.Prepared) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(database.Data, "server.crt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// A script that ends half-way has made nothing, and starts again from the beginning.
func TestInClusterDatabaseIsCompleteOrNotThere(t *testing.T) {
	t.Parallel()
	// A reserved name fails in the last step.
	database := postgrestest.NewPrepared(t, script, "shop", "pg_reserved", inClusterPassword)
	if output, err := database.Prepare(); err == nil || strings.Contains(output, inClusterPassword) {
		t.Errorf("%v: %s", err, output)
	}
	if _, err := os.Stat(database.Data); !os.IsNotExist(err) {
		t.Errorf("something is there: %v", err)
	}
}

// The schema disappears under many concurrent requests: the service makes it again once.
func TestSchemaIsMadeAgain(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	get(t, service.url+"/")
	connection := database.Connect()
	for _, statement := range []string{"DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "GRANT ALL ON SCHEMA public TO " + database.Username} {
		if _, err := connection.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	const requests = 20
	codes := make(chan int, requests)
	for range requests {
		go func() {
			code, _, _ := ask(http.MethodGet, service.url+"/")
			codes <- code
		}()
	}
	for range requests {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("a visit: %d", code)
		}
	}
	if count := visits(t, database); count != requests {
		t.Errorf("%d visits are counted", count)
	}
	if made := strings.Count(service.output.String(), "schema migrated"); made != 2 {
		t.Errorf("the schema was made %d times, want at the start and once more", made)
	}
}

// A table that no migration makes is a wrong statement: it fails at once.
func TestMissingTableIsToldOnce(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	if _, err := database.Connect().Exec(t.Context(), "DROP TABLE visits"); err != nil {
		t.Fatal(err)
	}
	code, _ := get(t, service.url+"/")
	if code != http.StatusInternalServerError {
		t.Errorf("a visit: %d", code)
	}
	if tries := strings.Count(service.output.String(), "a table is missing"); tries != 1 {
		t.Errorf("the schema was made again %d times", tries)
	}
}
