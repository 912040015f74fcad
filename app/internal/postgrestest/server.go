// Package postgrestest starts real PostgreSQL servers for tests: on loopback, with TLS and passwords
// as on RDS, each with its own data. The TestMain of the tests must call testrun.Main.
package postgrestest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"plinth/app/internal/testrun"
)

const (
	superUser     = "postgres"
	superPassword = "super-test-password"
	databaseName  = "app"
	roleName      = "plinth"
	firstPassword = "first-test-password"
	patience      = time.Minute
)

// Config configures a server. The zero value is right for most tests.
type Config struct {
	// Hosts are those of the server's certificate; default 127.0.0.1 and localhost.
	Hosts []string
	// Major is one of Majors.
	Major string
	// Settings are as in postgresql.conf.
	Settings map[string]string
}

// Server is one PostgreSQL server with one database and the role that owns it, like RDS'.
type Server struct {
	// Host, Port and Database are where clients connect.
	Host     string
	Port     int
	Database string
	// Username and Password are the role's; SetPassword changes the password.
	Username, Password string
	// CAFile is the authority that clients must trust.
	CAFile string
	// Data is PostgreSQL's data directory.
	Data string

	t         testrun.TB
	programs  string
	authority *Authority
	settings  map[string]string
	process   *exec.Cmd
	ended     chan error
}

// Start returns a server that accepts connections. It stops when the test ends.
func Start(t testrun.TB, config Config) *Server {
	t.Helper()
	installed, err := installs[cmp.Or(config.Major, Majors[0])]()
	if err != nil {
		t.Fatal(err)
	}
	authority := NewAuthority(t)
	s := &Server{
		Host: "127.0.0.1", Port: testrun.FreePort(t), Database: databaseName,
		Username: roleName, Password: firstPassword,
		CAFile: authority.File(t),
		t:      t, programs: installed.programs, authority: authority, settings: config.Settings,
	}
	hosts := config.Hosts
	if hosts == nil {
		hosts = []string{"127.0.0.1", "localhost"}
	}
	s.make(installed.cluster, hosts)
	s.Start()
	return s
}

// make gives the server its data, a copy of a stopped cluster, and a certificate.
func (s *Server) make(cluster string, hosts []string) {
	s.t.Helper()
	dir := testrun.SubDir(s.t)
	s.Data = filepath.Join(dir, "data")
	if err := copyTree(cluster, s.Data); err != nil {
		s.t.Fatal(err)
	}
	s.Certify(hosts...)
	// Like rds.force_ssl: no connections without TLS.
	rules := "hostssl all all 127.0.0.0/8 scram-sha-256\nhostssl replication all 127.0.0.0/8 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(s.Data, "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := give(s.Data); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		s.Kill()
		if s.t.Failed() {
			s.t.Logf("log of PostgreSQL at %s:\n%s", s.Host, s.tail())
		}
		os.RemoveAll(dir)
	})
}

// Certify gives the server a certificate for the given hosts. It is used from the next start on.
func (s *Server) Certify(hosts ...string) {
	s.t.Helper()
	s.authority.issue(s.t, filepath.Join(s.Data, "server.crt"), filepath.Join(s.Data, "server.key"), hosts)
	if err := give(s.Data); err != nil {
		s.t.Fatal(err)
	}
}

// Start starts a stopped server and waits for it.
func (s *Server) Start() {
	s.t.Helper()
	s.start()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		connection, err := s.connect(context.Background(), superUser, superPassword, "postgres")
		if err == nil {
			connection.Close(context.Background())
			return
		}
		select {
		case err := <-s.ended:
			s.process = nil
			s.t.Fatalf("PostgreSQL ended: %v\n%s", err, s.tail())
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("PostgreSQL accepts no connections: %v", err)
		}
	}
}

// start starts the server and does not wait.
func (s *Server) start() {
	s.t.Helper()
	settings := map[string]string{
		"listen_addresses": s.Host, "port": strconv.Itoa(s.Port), "unix_socket_directories": "",
		"ssl": "on", "ssl_cert_file": "server.crt", "ssl_key_file": "server.key",
		// The data is discarded after the test, so do not wait for the disk.
		"fsync": "off", "full_page_writes": "off",
		"shared_buffers": "16MB", "max_connections": "100",
		// What a stopped standby has missed.
		"wal_keep_size": "64MB",
	}
	for name, value := range s.settings {
		settings[name] = value
	}
	var arguments []string
	for name, value := range settings {
		arguments = append(arguments, "-c", name+"="+value)
	}
	s.launch(arguments...)
}

func (s *Server) launch(arguments ...string) {
	s.t.Helper()
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.process = testrun.Command(filepath.Join(s.programs, "bin", "postgres"), append([]string{"-D", s.Data}, arguments...)...)
	s.process.Dir = "/"
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr.Credential = identity()
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func(process *exec.Cmd) { ended <- process.Wait() }(s.process)
	s.ended = ended
}

// Stop stops the server as an RDS restart does: it ends sessions and rolls back transactions.
func (s *Server) Stop() { s.end(syscall.SIGINT) }

// Kill stops the server as a crash does.
func (s *Server) Kill() { s.end(syscall.SIGQUIT) }

func (s *Server) end(signal syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		return
	}
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Errorf("stop PostgreSQL: %v", err)
	}
	select {
	case err := <-s.ended:
		if err != nil && signal == syscall.SIGINT {
			s.t.Errorf("PostgreSQL stopped with: %v", err)
		}
	case <-time.After(patience):
		_ = s.process.Process.Kill()
		s.t.Errorf("PostgreSQL did not stop in %s", patience)
	}
	s.process = nil
}

// Connect opens a superuser's connection to the database, and closes it when the test ends.
func (s *Server) Connect() *pgx.Conn {
	s.t.Helper()
	connection, err := s.connect(s.t.Context(), superUser, superPassword, s.Database)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { connection.Close(context.Background()) })
	return connection
}

// Exec runs a statement as superuser, in the database postgres.
func (s *Server) Exec(statement string) {
	s.t.Helper()
	connection, err := s.connect(s.t.Context(), superUser, superPassword, "postgres")
	if err != nil {
		s.t.Fatal(err)
	}
	defer connection.Close(context.Background())
	if _, err := connection.Exec(s.t.Context(), statement); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// SetPassword changes the role's password. Existing sessions continue.
func (s *Server) SetPassword(password string) {
	s.t.Helper()
	s.Exec(fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", s.Username, password))
	s.Password = password
}

func (s *Server) connect(ctx context.Context, user, password, database string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	// Its certificate may be for another host on purpose.
	return pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s sslmode=verify-ca sslrootcert=%s",
		s.Host, s.Port, user, password, database, s.CAFile))
}

func (s *Server) log() string { return filepath.Join(filepath.Dir(s.Data), "log") }

func (s *Server) tail() string {
	content, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-4000):])
}

// Reopen restarts the server with another pg_hba.conf, and with ssl on or off, for tests of what
// clients refuse. It does not wait, and Connect and Exec may no longer work.
func (s *Server) Reopen(rules, ssl string) {
	s.t.Helper()
	s.Stop()
	if err := os.WriteFile(filepath.Join(s.Data, "pg_hba.conf"), []byte(rules+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := give(s.Data); err != nil {
		s.t.Fatal(err)
	}
	s.settings = map[string]string{"ssl": ssl}
	s.start()
}
