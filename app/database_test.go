package main_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"plinth/app/internal/postgrestest"
)

func TestServerIsVerified(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config postgrestest.Config
		trust  func(*testing.T) string
		reason string
	}{
		{"other authority", postgrestest.Config{}, func(t *testing.T) string { return postgrestest.NewAuthority(t).File(t) }, "x509: certificate signed by unknown authority"},
		{"other host", postgrestest.Config{Hosts: []string{"other.example"}}, nil, "x509: cannot validate certificate for 127.0.0.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			database := postgrestest.Start(t, test.config)
			environment := map[string]string{}
			if test.trust != nil {
				environment["DATABASE_CA_FILE"] = test.trust(t)
			}
			service := start(t, database, options{environment: environment})
			eventually(t, "the refusal is logged", func() bool {
				return strings.Contains(service.output.String(), test.reason) || service.health() == http.StatusOK
			})
			if code := service.health(); code != http.StatusServiceUnavailable {
				t.Errorf("health is %d", code)
			}
			var sessions int
			if err := database.Connect().QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", database.Username).Scan(&sessions); err != nil || sessions > 0 {
				t.Errorf("%d sessions: %v", sessions, err)
			}
		})
	}
}

// The process waits for a database that starts later.
func TestDatabaseComesLate(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	database.Stop()
	service := start(t, database, options{})
	eventually(t, "the service listens", func() bool { return service.health() != 0 })
	eventually(t, "the reason is logged", func() bool {
		return strings.Contains(service.output.String(), "connection refused")
	})
	for path, want := range map[string]int{"/livez": 200, "/health": 503, "/": 503} {
		if code, body := get(t, service.url+path); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	database.Start()
	service.up()
	if code, _ := get(t, service.url); code != 200 {
		t.Errorf("/: %d", code)
	}
}

// A restart of PostgreSQL takes less time than a request waits: no request fails.
func TestDatabaseRestarts(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	load := newLoad(t, service.url)
	for range 2 {
		load.more(t, 200, 100)
		database.Stop()
		time.Sleep(500 * time.Millisecond)
		database.Start()
	}
	load.more(t, 200, 100)
	load.flawless(t)
	if count := visits(t, database); count != load.count(200) {
		t.Errorf("%d visits were counted, %d were answered", count, load.count(200))
	}
}

// A longer outage is reported as such, and the service recovers by itself.
func TestDatabaseIsLostAndFound(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	load := newLoad(t, service.url)
	load.more(t, 200, 50)
	database.Stop()
	eventually(t, "health is DOWN", func() bool { return service.health() == http.StatusServiceUnavailable })
	load.more(t, 503, 30)
	if code, _ := get(t, service.url+"/livez"); code != 200 {
		t.Errorf("/livez: %d", code)
	}
	database.Start()
	service.up()
	load.more(t, 200, 50)
	load.stop()
	t.Logf("answers: %v", load.codes)
	for _, failure := range load.failures {
		if failure != "503 the database is unavailable, try again" {
			t.Errorf("failed: %s", failure)
		}
	}
	between(t, visits(t, database), load)
}

// After a crash nobody knows whether the last COMMIT succeeded. Such a request fails: repeating it
// could count the visit twice.
func TestDatabaseCrashes(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	load := newLoad(t, service.url)
	for range 3 {
		load.more(t, 200, 50)
		database.Kill()
		database.Start()
	}
	load.more(t, 200, 50)
	load.stop()
	t.Logf("answers: %v", load.codes)
	between(t, visits(t, database), load)
}

// between checks that every successful visit was counted once, and that failed ones add at most one each.
func between(t *testing.T, count int, load *load) {
	t.Helper()
	if ok := load.count(200); count < ok || count > ok+load.count(503) {
		t.Errorf("%d visits were counted, answers are %v", count, load.codes)
	}
}

// A deferred trigger makes COMMIT slow; PostgreSQL crashes during it.
func TestUnknownCommitIsNotRepeated(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	connection := database.Connect()
	if _, err := connection.Exec(t.Context(), `
		CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.2); RETURN NULL; END';
		CREATE CONSTRAINT TRIGGER linger AFTER UPDATE ON visits DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()`); err != nil {
		t.Fatal(err)
	}
	answer := make(chan int, 1)
	go func() {
		code, _, _ := ask(http.MethodGet, service.url)
		answer <- code
	}()
	eventually(t, "a COMMIT is under way", func() bool {
		var found bool
		err := connection.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query = 'commit' AND state = 'active')").Scan(&found)
		return err == nil && found
	})
	database.Kill()
	database.Start()
	if code := <-answer; code != http.StatusServiceUnavailable {
		t.Errorf("status %d", code)
	}
	if !strings.Contains(service.output.String(), "unknown whether the transaction was committed") {
		t.Error("the unknown outcome is not logged")
	}
}

// Silent sessions, as after a failover, are given up before the request's timeout.
func TestSessionsFallSilent(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{}).up()
	connection := database.Connect()
	var sessions []int
	eventually(t, "the pool is full", func() bool {
		err := connection.QueryRow(t.Context(), "SELECT array_agg(pid) FROM pg_stat_activity WHERE usename = $1 AND state = 'idle'", database.Username).Scan(&sessions)
		return err == nil && len(sessions) == 8
	})
	time.Sleep(1100 * time.Millisecond) // only then are they tried before use
	for _, pid := range sessions {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	}
	load := newLoad(t, service.url)
	load.more(t, 200, 50)
	load.flawless(t)
}
