package main_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"plinth/app/internal/database"
	"plinth/app/internal/postgrestest"
)

// standbys starts read replicas of database, and returns them with the variables that name them.
func standbys(t *testing.T, database *postgrestest.Server, number int) (replicas []*postgrestest.Server, names map[string]string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("replicas need 127.0.0.2, which is no address of this machine")
	}
	var hosts []string
	for i := range number {
		replica := database.StartStandby(fmt.Sprintf("127.0.0.%d", i+2))
		replicas, hosts = append(replicas, replica), append(hosts, replica.Host)
	}
	return replicas, map[string]string{"DATABASE_READER_HOST": strings.Join(hosts, ",")}
}

// sessions counts the service's sessions in a server.
func sessions(t *testing.T, server *postgrestest.Server) (count int) {
	t.Helper()
	if err := server.Connect().QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", server.Username).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// terminate ends the service's sessions in a server.
func terminate(server *postgrestest.Server) {
	server.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + server.Username + "'")
}

// readers counts how often a request got a replica's connection.
func readers(t *testing.T, service *process) int {
	t.Helper()
	const name = `database_pool_acquires_total{pool="reader"} `
	_, metrics := get(t, service.metricsURL)
	_, rest, _ := strings.Cut(metrics, name)
	value, _, _ := strings.Cut(rest, "\n")
	count, err := strconv.Atoi(value)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// reading waits until requests get replicas' connections.
func reading(t *testing.T, service *process) {
	t.Helper()
	before := readers(t, service)
	eventually(t, "a replica is read", func() bool {
		get(t, service.url+"/visits")
		return readers(t, service) > before
	})
}

func wantVisits(t *testing.T, url string, want int) {
	t.Helper()
	code, body := get(t, url)
	if wanted := fmt.Sprintf(`{"version":"v1","visits":%d}`, want) + "\n"; code != 200 || body != wanted {
		t.Errorf("%s: %d %q, want %q", url, code, body, wanted)
	}
}

// pause stops the replay of a standby until resume.
func pause(t *testing.T, standby *postgrestest.Server) (resume func()) {
	t.Helper()
	standby.Exec("SELECT pg_wal_replay_pause()")
	connection := standby.Connect()
	eventually(t, "replay is paused", func() bool {
		var state string
		return connection.QueryRow(t.Context(), "SELECT pg_get_wal_replay_pause_state()").Scan(&state) == nil && state == "paused"
	})
	return func() { standby.Exec("SELECT pg_wal_replay_resume()") }
}

// A standby whose replay is paused does not know later visits. That distinguishes its answers from
// the primary's.
func TestReadsAreTheReplicas(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 1)
	service := start(t, primary, options{environment: names}).up()
	replica := replicas[0]
	replica.CatchUp(primary)
	reading(t, service)
	resume := pause(t, replica)
	for visit := range 3 {
		wantVisits(t, service.url, visit+1)
		wantVisits(t, service.url+"/visits", 0)
	}
	resume()
	replica.CatchUp(primary)
	wantVisits(t, service.url+"/visits", 3)

	// Without the primary, replicas still answer reads.
	primary.Stop()
	wantVisits(t, service.url+"/visits", 3)
	eventually(t, "health is DOWN", func() bool { return service.health() == 503 })
	wantVisits(t, service.url+"/visits", 3)
}

// If a replica lacks something, such as a table, the primary answers.
func TestReplicaIsBehind(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 1)
	pause(t, replicas[0])
	service := start(t, primary, options{environment: names}).up()
	wantVisits(t, service.url, 1)
	reading(t, service)
	wantVisits(t, service.url+"/visits", 1)
}

// The only replica stops and comes back: no request fails, and the pod stays healthy.
func TestReplicaGoesAndComes(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 1)
	service := start(t, primary, options{environment: names}).up()
	reading(t, service)
	load := newLoad(t, service.url+"/visits")
	load.more(t, 200, 100)
	for _, stop := range []func(){replicas[0].Stop, replicas[0].Kill} {
		stop()
		load.more(t, 200, 100)
		if code := service.health(); code != 200 {
			t.Errorf("health without the replica: %d", code)
		}
		replicas[0].Start()
		reading(t, service)
	}
	load.flawless(t)
	for _, line := range []string{"replicas cannot be reached, reads go to the primary", "replicas can be reached"} {
		if !strings.Contains(service.output.String(), line) {
			t.Errorf("not in the log: %s", line)
		}
	}
}

// A silent replica delays by a second only the requests that have just asked it.
func TestReplicaFallsSilent(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 1)
	service := start(t, primary, options{environment: names}).up()
	reading(t, service)
	load := newLoad(t, service.url+"/visits")
	load.more(t, 200, 100)

	signal := stopAll(t, replicas[0])
	load.more(t, 200, 100)
	quick := func() bool {
		begin := time.Now()
		get(t, service.url+"/visits")
		return time.Since(begin) < 500*time.Millisecond
	}
	eventually(t, "reads are quick again", quick)
	for begin := time.Now(); time.Since(begin) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
		if !quick() {
			t.Error("a read still waits for the replica")
		}
	}
	signal(syscall.SIGCONT)
	reading(t, service)
	load.flawless(t)
}

// stopAll stops a server and the service's sessions in it with SIGSTOP, and returns a function that
// signals them. They continue when the test ends.
func stopAll(t *testing.T, server *postgrestest.Server) (signal func(syscall.Signal)) {
	t.Helper()
	var pids []int
	if err := server.Connect().QueryRow(t.Context(), "SELECT array_agg(pid) FROM pg_stat_activity WHERE usename = $1", server.Username).Scan(&pids); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(server.Data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	postmaster, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	signal = func(signal syscall.Signal) {
		for _, pid := range append(pids, postmaster) {
			_ = syscall.Kill(pid, signal)
		}
	}
	signal(syscall.SIGSTOP)
	t.Cleanup(func() { signal(syscall.SIGCONT) })
	return signal
}

// open returns a Database like the service's, with read replicas.
func open(t *testing.T, primary *postgrestest.Server, replicas ...*postgrestest.Server) *database.Database {
	t.Helper()
	config := database.Config{
		Host: primary.Host, Port: primary.Port, Name: primary.Database,
		CredentialsDir: mount(t, primary).dir, TLS: database.VerifyFull, CAFile: primary.CAFile,
	}
	for _, replica := range replicas {
		config.Readers = append(config.Readers, replica.Host)
	}
	db, err := database.Open(config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// replicaRead waits until a replica answers a read, and returns its host.
func replicaRead(t *testing.T, db *database.Database, primary *postgrestest.Server) (host string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	eventually(t, "a replica is read", func() bool {
		err := db.Read(ctx, func(ctx context.Context, q database.Querier) error {
			return q.QueryRow(ctx, "SELECT host(inet_server_addr())").Scan(&host)
		})
		return err == nil && host != primary.Host
	})
	return host
}

func TestReadsAreSpread(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 2)
	// Each has one connection so far. 40 random choices never all fall on the same replica.
	hosts := map[string]bool{}
	for range 40 {
		if hosts[replicaRead(t, open(t, primary, replicas...), primary)] = true; len(hosts) == 2 {
			break
		}
	}
	if len(hosts) != 2 {
		t.Errorf("all reads go to %v", hosts)
	}

	service := start(t, primary, options{environment: names}).up()
	reading(t, service)
	load := newLoad(t, service.url+"/visits")
	load.more(t, 200, 100)
	replicas[0].Stop()
	reading(t, service)
	load.more(t, 200, 100)
	load.flawless(t)
	if sessions(t, replicas[1]) == 0 {
		t.Error("the replica that is left is not read")
	}
}

// SECURITY: a replica must prove its identity, as the primary must.
func TestReplicaIsVerified(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 1)
	replicas[0].Stop()
	replicas[0].Certify("other.example")
	replicas[0].Start()
	service := start(t, primary, options{environment: names}).up()
	eventually(t, "the refusal is logged", func() bool {
		return strings.Contains(service.output.String(), "x509: cannot validate certificate for "+replicas[0].Host)
	})
	wantVisits(t, service.url, 1)
	wantVisits(t, service.url+"/visits", 1)
	if count := sessions(t, replicas[0]); count > 0 {
		t.Errorf("%d sessions", count)
	}
	replicas[0].Stop()
	replicas[0].Certify(replicas[0].Host)
	replicas[0].Start()
	reading(t, service)
}

// Until a new password arrives, replicas are unreachable; afterwards reads use them again.
func TestPasswordOfReplicas(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 1)
	service := start(t, primary, options{environment: names}).up()
	reading(t, service)
	load := newLoad(t, service.url+"/visits")
	load.more(t, 200, 100)
	primary.SetPassword("fourth-test-password")
	replicas[0].CatchUp(primary)
	terminate(replicas[0])
	eventually(t, "replicas cannot be reached", func() bool {
		return strings.Contains(service.output.String(), "password authentication failed")
	})
	load.more(t, 200, 100)
	service.credentials.write(primary.Username, primary.Password)
	reading(t, service)
	load.flawless(t)
}

// A promoted replica has its own data from then on. Its old sessions write nothing, and it gets no
// new ones.
func TestReplicaIsPromoted(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, postgrestest.Config{})
	replicas, names := standbys(t, primary, 1)
	promoted := replicas[0]
	service := start(t, primary, options{environment: names}).up()
	promoted.CatchUp(primary)
	reading(t, service)

	db := open(t, primary, promoted)
	replicaRead(t, db, primary)

	promoted.Promote()
	var asked []string
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := db.Read(ctx, func(ctx context.Context, q database.Querier) error {
		var host string
		if err := q.QueryRow(ctx, "SELECT host(inet_server_addr())").Scan(&host); err != nil {
			return err
		}
		asked = append(asked, host)
		return q.QueryRow(ctx, "UPDATE visits SET count = count + 1 RETURNING count").Scan(new(int))
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{promoted.Host, primary.Host}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if count := visits(t, promoted); count != 0 {
		t.Errorf("%d visits were counted in the replica", count)
	}

	terminate(promoted)
	eventually(t, "the promoted server is refused", func() bool {
		get(t, service.url+"/visits") // notices that the session has ended
		return strings.Contains(service.output.String(), "server is not in hot standby mode")
	})
	wantVisits(t, service.url, 2)
	wantVisits(t, service.url+"/visits", 2)
}
