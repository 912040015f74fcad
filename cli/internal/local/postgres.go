package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// databaseHost is the server's only name. It listens on loopback alone.
	databaseHost = "localhost"
	// patience is how long the server may take to start or to stop, in particular after a crash.
	patience = time.Minute
)

// server is a PostgreSQL of this machine. It has the application's database and the application's login, which is a
// member of the role that owns the database, as on the cluster.
type server struct {
	database, user, owner string

	password string
	port     int
	version  string

	state       string // the application's folder
	data        string
	credentials string // the folder of the files username and password
	authority   string // the certificate that clients trust
	programs    string

	short   func(path string) string
	command string // how to run again, for messages
	running *exec.Cmd
	ended   chan error // has an error if the server ends by itself
	waited  chan struct{}
}

// newServer returns the application's server. It installs PostgreSQL's programs if need be.
func (r *run) newServer() (*server, error) {
	s := &server{
		database: r.App.Name, user: r.App.Login("a"), owner: r.App.Name + "_owner",
		state: r.State, data: filepath.Join(r.State, "data"),
		credentials: filepath.Join(r.State, "credentials"), authority: filepath.Join(r.State, "ca.pem"),
		short: r.short, command: "./plinth dev " + r.App.Name, ended: make(chan error, 1),
	}
	if err := s.install(filepath.Join(r.Root, "node_modules"), r.PostgreSQL); err != nil {
		return nil, err
	}
	return s, s.checkFolders()
}

// program prepares one of PostgreSQL's programs, in a process group of its own: Ctrl-C must not stop the server
// before the processes.
func (s *server) program(ctx context.Context, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(s.programs, "bin", name), args...)
	command.Dir = "/"
	// Nothing of the user's: PGDATA, PGPORT and the like would count.
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "TZ=UTC", "LC_ALL=C"}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: identity()}
	return command
}

// run starts the server, and waits until it accepts connections.
func (s *server) run(ctx context.Context, fresh bool) error {
	s.stopOrphan(ctx)
	if fresh {
		if err := errors.Join(os.RemoveAll(s.data), os.RemoveAll(s.credentials)); err != nil {
			return err
		}
	}
	if err := s.initialize(ctx); err != nil {
		return err
	}
	if err := s.certify(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.data, "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		return err
	}
	var err error
	if s.port, err = s.choosePort(); err != nil {
		return err
	}
	return s.start(ctx)
}

// rules are as RDS has them with rds.force_ssl: no connections without TLS.
const rules = "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"

// choosePort returns the port of the last run, which database tools may know, or another one if that is taken.
func (s *server) choosePort() (int, error) {
	if last, err := os.ReadFile(s.portFile()); err == nil {
		if port, err := strconv.Atoi(string(last)); err == nil && !taken(port) {
			return port, nil
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// stopOrphan stops a server that is left behind by a run that was killed. No other run has it: this one has
// the lock.
func (s *server) stopOrphan(ctx context.Context) {
	if _, err := os.Stat(filepath.Join(s.data, "postmaster.pid")); err == nil {
		_ = s.program(ctx, "pg_ctl", "stop", "-D", s.data, "-m", "fast", "-w", "-t", "30").Run() // the file may be left alone
	}
}

// initialize makes the data, the database and the role, unless they are there.
func (s *server) initialize(ctx context.Context) error {
	made, err := os.ReadFile(filepath.Join(s.data, "PG_VERSION"))
	major, _, _ := strings.Cut(s.version, ".")
	switch version := strings.TrimSpace(string(made)); {
	case err == nil && version != major:
		return fmt.Errorf("%s was made by PostgreSQL %s, and this is %s, which cannot read it; begin with an empty database: %s --fresh", s.short(s.data), version, s.version, s.command)
	case err == nil:
		password, err := os.ReadFile(filepath.Join(s.credentials, "password"))
		if err == nil {
			s.password = string(password)
			return nil
		}
		if err := s.newPassword(); err != nil {
			return err
		}
		return s.single(ctx, s.data, fmt.Sprintf("ALTER ROLE \"%s\" PASSWORD '%s'\n", s.user, s.password))
	}
	if err := s.newPassword(); err != nil {
		return err
	}
	unfinished := s.data + ".new"
	if err := errors.Join(os.RemoveAll(unfinished), os.RemoveAll(s.data)); err != nil {
		return err
	}
	if err := errors.Join(os.Mkdir(unfinished, 0o700), give(unfinished)); err != nil {
		return err
	}
	// The collation is the same on each machine. Nobody is the superuser, as on the cluster.
	command := s.program(ctx, "initdb", "--pgdata", unfinished, "--username", "postgres", "--auth", "reject",
		"--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// What the login makes belongs to the owner.
	err = s.single(ctx, unfinished, fmt.Sprintf(`CREATE ROLE "%[1]s"
CREATE ROLE "%[2]s" LOGIN PASSWORD '%[3]s' IN ROLE "%[1]s"
ALTER ROLE "%[2]s" SET role TO "%[1]s"
CREATE DATABASE "%[4]s" OWNER "%[1]s"
`, s.owner, s.user, s.password, s.database))
	if err != nil {
		return err
	}
	return os.Rename(unfinished, s.data)
}

// single runs statements, one a line, in a server that nobody else can connect to.
func (s *server) single(ctx context.Context, data, statements string) error {
	command := s.program(ctx, "postgres", "--single", "-D", data, "postgres")
	command.Stdin = strings.NewReader(statements)
	if out, err := command.CombinedOutput(); err != nil || strings.Contains(string(out), "ERROR") {
		return fmt.Errorf("PostgreSQL could not make the database %s: %w\n%s", s.database, err, strings.ReplaceAll(string(out), s.password, "(not shown)"))
	}
	return nil
}

// newPassword writes a new password to the files that processes read.
func (s *server) newPassword() error {
	s.password = rand.Text()
	if err := os.MkdirAll(s.credentials, 0o700); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(s.credentials, "username"), []byte(s.user), 0o600),
		os.WriteFile(filepath.Join(s.credentials, "password"), []byte(s.password), 0o600))
}

func (s *server) logFile() string  { return filepath.Join(s.state, "postgres.log") }
func (s *server) portFile() string { return filepath.Join(s.state, "port") }
func (s *server) urlFile() string  { return filepath.Join(s.credentials, "url") }

func (s *server) start(ctx context.Context) error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := s.program(context.WithoutCancel(ctx), "postgres", "-D", s.data,
		"-c", "listen_addresses="+databaseHost, "-c", "port="+strconv.Itoa(s.port), "-c", "unix_socket_directories=",
		"-c", "ssl=on", "-c", "ssl_cert_file=server.crt", "-c", "ssl_key_file=server.key")
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	s.running, s.waited = command, make(chan struct{})
	go func() {
		_ = command.Wait() // ProcessState has it
		s.ended <- fmt.Errorf("PostgreSQL ended: %s\n%s", command.ProcessState, s.tail())
		close(s.waited)
	}()
	for late := time.After(patience); ; {
		if s.ready() {
			return errors.Join(os.WriteFile(s.portFile(), []byte(strconv.Itoa(s.port)), 0o600),
				os.WriteFile(s.urlFile(), []byte(s.url()), 0o600))
		}
		select {
		case err := <-s.ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return fmt.Errorf("PostgreSQL accepts no connections after %s\n%s", patience, s.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ready reports whether the server accepts connections. It says so in the last line of its file postmaster.pid.
func (s *server) ready() bool {
	content, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
	lines := strings.Split(string(content), "\n")
	return err == nil && len(lines) > 7 && lines[0] == strconv.Itoa(s.running.Process.Pid) && strings.TrimSpace(lines[7]) == "ready"
}

// join uses the server of another run.
func (s *server) join() error {
	port, err := os.ReadFile(s.portFile())
	if err == nil {
		s.port, err = strconv.Atoi(string(port))
	}
	if err == nil {
		var connection net.Conn
		if connection, err = net.DialTimeout("tcp", net.JoinHostPort(databaseHost, string(port)), 5*time.Second); err == nil {
			connection.Close()
		}
	}
	password, errPassword := os.ReadFile(filepath.Join(s.credentials, "password"))
	if errors.Join(err, errPassword) != nil {
		return fmt.Errorf("%s runs in another terminal, but its PostgreSQL has not started yet. Wait for it", s.command)
	}
	s.password = string(password)
	return nil
}

// stop stops the server, which ends sessions and rolls back transactions.
func (s *server) stop() {
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(syscall.SIGINT) // it may have ended
	select {
	case <-s.waited:
	case <-time.After(patience):
		_ = s.running.Process.Signal(syscall.SIGQUIT)
		<-s.waited
	}
}

// tail returns the end of the server's log.
func (s *server) tail() string {
	content, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return s.short(s.logFile()) + " ends with:\n" + strings.TrimSpace(string(content[max(0, len(content)-2000):]))
}
