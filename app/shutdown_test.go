package main_test

import (
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"plinth/app/internal/postgrestest"
)

// SIGTERM: the service still serves requests but closes their connections, and after it has closed the
// port it finishes the requests under way.
func TestStops(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{environment: map[string]string{"SHUTDOWN_DELAY": "1s"}}).up()
	service.signal(syscall.SIGTERM)
	eventually(t, "health is DOWN", func() bool { return service.health() == http.StatusServiceUnavailable })

	client := &http.Client{Transport: &http.Transport{}}
	response, err := client.Get(service.url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 || !response.Close {
		t.Errorf("after the order: %s, connection closed: %t", response.Status, response.Close)
	}

	// Another transaction has locked the row, so this request takes longer than the delay.
	lock, err := database.Connect().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "UPDATE visits SET count = count"); err != nil {
		t.Fatal(err)
	}
	answer := make(chan int, 1)
	go func() {
		code, _, _ := ask(http.MethodGet, service.url)
		answer <- code
	}()
	eventually(t, "the port is closed", func() bool {
		connection, err := net.Dial("tcp", service.url[len("http://"):])
		if err == nil {
			connection.Close()
		}
		return err != nil
	})
	select {
	case code := <-answer:
		t.Fatalf("answered too early: %d", code)
	case <-service.ended:
		t.Fatal("ended with a request under way")
	default:
	}
	if err := lock.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case code := <-answer:
		if code != 200 {
			t.Errorf("the request under way: %d", code)
		}
	case <-time.After(patience):
		t.Error("the request under way is not answered")
	}
	if code := service.exit(); code != 0 {
		t.Errorf("status %d", code)
	}
}

func TestStopsWhileStarting(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	database.Stop()
	service := start(t, database, options{environment: map[string]string{"SHUTDOWN_DELAY": "0s"}})
	eventually(t, "the service listens", func() bool { return service.health() != 0 })
	service.signal(syscall.SIGINT)
	if code := service.exit(); code != 0 {
		t.Errorf("status %d", code)
	}
}

func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{environment: map[string]string{"SHUTDOWN_DELAY": "9s"}}).up()
	service.signal(syscall.SIGTERM)
	eventually(t, "health is DOWN", func() bool { return service.health() == http.StatusServiceUnavailable })
	begin := time.Now()
	service.signal(syscall.SIGTERM)
	if code := service.exit(); code != 1 {
		t.Errorf("status %d", code)
	}
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("took %s", took)
	}
}

// A rolling update from v1 to v2: clients notice only the version.
func TestRollingUpdate(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	balancer := newBalancer(t)
	var replicas []*process
	for range 2 {
		replica := start(t, database, options{version: "v1"})
		balancer.add(t, replica)
		replicas = append(replicas, replica)
	}
	load := newLoad(t, balancer.url)
	load.more(t, 200, 100)
	for _, old := range replicas {
		balancer.add(t, start(t, database, options{version: "v2"}))
		old.signal(syscall.SIGTERM)
		if code := old.exit(); code != 0 {
			t.Errorf("status %d", code)
		}
	}
	before := load.version("v1")
	load.more(t, 200, 100)
	if after := load.version("v1"); after > before+12 { // each client may have had a request under way
		t.Error("v1 still answers")
	}
	load.flawless(t)
	if load.versions["v1"] == 0 || load.versions["v2"] == 0 {
		t.Errorf("versions %v", load.versions)
	}
	if count := visits(t, database); count != load.count(200) {
		t.Errorf("%d visits were counted, %d were answered", count, load.count(200))
	}
}

// Another secret, with another login, restarts the replicas one after another. Both logins are valid until the last has
// gone: clients notice nothing.
func TestRestartForAnotherSecret(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	balancer := newBalancer(t)
	var replicas []*process
	for range 2 {
		replica := start(t, database, options{})
		balancer.add(t, replica)
		replicas = append(replicas, replica)
	}
	load := newLoad(t, balancer.url)
	load.more(t, 200, 100)
	owner := database.Username
	const other = "other"
	database.Exec("CREATE ROLE " + other + " LOGIN PASSWORD 'other-test-password' IN ROLE " + owner)
	database.Username, database.Password = other, "other-test-password"
	for _, old := range replicas {
		balancer.add(t, start(t, database, options{}))
		old.signal(syscall.SIGTERM)
		if code := old.exit(); code != 0 {
			t.Errorf("status %d", code)
		}
	}
	database.Exec("ALTER ROLE " + owner + " NOLOGIN")
	load.more(t, 200, 100)
	load.flawless(t)
	if count := visits(t, database); count != load.count(200) {
		t.Errorf("%d visits were counted, %d were answered", count, load.count(200))
	}
}
