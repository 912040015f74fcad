package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/settings"
)

// root is the repository's folder.
const root = "../../.."

// machine is a repository with applications, and the state that runs of them leave.
type machine struct {
	t    *testing.T
	root string
	said writer
	out  writer
	over chan struct{} // closed when the run has ended
}

// writer is written and read at the same time.
type writer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (w *writer) Write(text []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.Buffer.Write(text)
}

func (w *writer) String() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.Buffer.String()
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	// t.TempDir is closed to nobody, as whom PostgreSQL runs for root.
	folder, err := os.MkdirTemp("", "plinth-local-test-")
	assert.NilError(t, err)
	assert.NilError(t, os.Chmod(folder, 0o755))
	t.Cleanup(func() { os.RemoveAll(folder) })
	m := &machine{t: t, root: folder}
	assert.NilError(t, os.Symlink(abs(t, root+"/node_modules"), folder+"/node_modules"))
	return m
}

func abs(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	assert.NilError(t, err)
	return full
}

func (m *machine) write(name, content string) {
	m.t.Helper()
	file := filepath.Join(m.root, name)
	assert.NilError(m.t, os.MkdirAll(filepath.Dir(file), 0o755))
	assert.NilError(m.t, os.WriteFile(file, []byte(content), 0o755))
}

// config is that of an application named shop, with these settings.
func (m *machine) config(app string) Config {
	m.t.Helper()
	const environment = `
account: "111111111111"
region: eu-west-2
ci: {issuer: https://gitlab.example.com, project: platform/plinth}
network: {cidr: 10.10.0.0/16, zones: [a, b]}
database: {instanceClass: db.t4g.micro}
cluster: {publicAccessCIDRs: [203.0.113.0/24]}
apps:
  shop:
    image: {tag: 1.0.0}
`
	m.write("environments/dev.yaml", environment+app)
	all, err := settings.Load(m.root+"/environments", nil)
	assert.NilError(m.t, err)
	return Config{
		App: all[0].Apps["shop"], Environment: "dev", Root: m.root, State: m.root + "/build/dev/shop", PostgreSQL: abs(m.t, root) + "/build/postgres",
		Environ: append(os.Environ(), "PATH="+abs(m.t, root+"/node_modules/.bin")+":"+os.Getenv("PATH"), "DATABASE_URL=postgresql://production", "PGHOSTADDR=192.0.2.1"),
		Stdout:  &m.out, Say: func(format string, args ...any) { fmt.Fprintf(&m.said, format+"\n", args...) },
	}
}

// run starts a run. The function that it returns stops the run and returns its error.
func (m *machine) run(c Config) (stop func() error) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	over := make(chan struct{})
	m.over = over
	go func() { ended <- Run(ctx, c); close(over) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	m.t.Cleanup(func() {
		err := stop()
		if m.t.Failed() {
			m.t.Logf("ended: %v\nsaid:\n%s\nprinted:\n%s", err, m.said.String(), m.out.String())
		}
	})
	return stop
}

// await waits until a text is printed or said.
func (m *machine) await(text string) {
	m.t.Helper()
	for late := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if strings.Contains(m.out.String()+m.said.String(), text) {
			return
		}
		select {
		case <-m.over:
			m.t.Fatalf("the run ends before %q is said", text)
		default:
		}
		if time.Now().After(late) {
			m.t.Fatalf("%q is never said", text)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	assert.NilError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	assert.NilError(t, err)
	assert.Equal(t, response.StatusCode, 200, "%s", content)
	return string(content)
}

// free returns a port of web that nobody listens on.
func free(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestSample runs the sample application: it has no command in the settings.
func TestSample(t *testing.T) {
	if _, err := os.Stat(root + "/app/go.mod"); err != nil {
		t.Skip("there is no sample")
	}
	t.Parallel()
	m := newMachine(t)
	port := free(t)
	assert.NilError(t, os.Symlink(abs(t, root+"/app"), m.root+"/service"))
	stop := m.run(m.config(fmt.Sprintf("    build: {context: service}\n    env: {SHUTDOWN_DELAY: 0s}\n    web: {port: %d, metrics: {port: %d}}\n", port, free(t))))
	m.await("shop is healthy")
	assert.Equal(t, get(t, fmt.Sprintf("http://127.0.0.1:%d/health", port)), "UP\n")
	assert.Assert(t, strings.Contains(get(t, fmt.Sprintf("http://127.0.0.1:%d/", port)), `"visits":1`))
	assert.NilError(t, stop())
	assert.Assert(t, strings.Contains(m.out.String(), `"msg":"ended"`), "it is not stopped gracefully:\n%s", m.out.String())
}

const shop = `
    build: {context: shop}
    env: {NODE_ENV: production, GREETING: 'Hello $(date)'}
    web: {command: [node, server.js], port: %d, health: {path: /healthz}, metrics: {port: %[1]d}}
    workers: {mailer: {command: [node, mailer.js]}}
    jobs: {nightly-report: {command: [node, report.js, $(NODE_ENV)-$$(NODE_ENV)], schedule: "15 2 * * *"}}
    release: {command: [node, migrate.js]}
`

// TestShop runs a Node.js application with a release command, a worker and a job.
func TestShop(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	assert.NilError(t, os.CopyFS(m.root+"/shop", os.DirFS("testdata/shop")))
	m.write("shop/.env", "STRIPE_KEY=from-shop\nLOG_LEVEL=debug\nDATABASE_URL=postgresql://other\n")
	m.write("build/dev/shop/.env", "STRIPE_KEY='sk # test'\nNODE_ENV=development\n")
	port := free(t)
	c := m.config(fmt.Sprintf(shop, port))
	base := fmt.Sprintf("http://127.0.0.1:%d", port)

	stop := m.run(c)
	m.await("shop is healthy: " + base + "/healthz")
	m.await("mailer  | sent without a port") // it needs the table of the release command
	assert.Assert(t, strings.HasPrefix(m.out.String(), "release | migrated\n"), m.out.String())
	assert.Equal(t, get(t, base+"/"), "1")

	var got map[string]string
	assert.NilError(t, json.Unmarshal([]byte(get(t, base+"/variables")), &got))
	for name, want := range map[string]string{
		"PORT": strconv.Itoa(port), "METRICS_PORT": strconv.Itoa(port), "IDLE_TIMEOUT": "70s", "GOMEMLIMIT": "184MiB",
		"NODE_ENV": "development", "GREETING": "Hello $(date)", "STRIPE_KEY": "sk # test", "LOG_LEVEL": "debug",
		"PGHOST": "localhost", "PGDATABASE": "shop", "PGUSER": "shop_a", "PGSSLMODE": "verify-full", "PGHOSTADDR": "",
		"PGSSLROOTCERT": c.State + "/ca.pem", "DATABASE_TLS": "verify-full", "DATABASE_CREDENTIALS_DIR": c.State + "/credentials",
		"DATABASE_URL":        fmt.Sprintf("postgresql://shop_a:%s@localhost:%s/shop?sslmode=verify-full&sslrootcert=%s/ca.pem", got["PGPASSWORD"], got["PGPORT"], c.State),
		"DATABASE_READER_URL": got["DATABASE_URL"],
	} {
		assert.Equal(t, got[name], want, name)
	}
	assert.Assert(t, strings.Contains(m.said.String(), "shop/.env: DATABASE_URL is not used, since Plinth sets it.\n"), m.said.String())

	// Another run is refused, but a job uses the server.
	assert.ErrorContains(t, Run(t.Context(), m.config(fmt.Sprintf(shop, free(t)))), fmt.Sprintf("shop runs on this machine already, as process %d; stop it first", os.Getpid()))
	c.Job = "nightly-report"
	assert.NilError(t, Run(t.Context(), c))
	assert.Assert(t, strings.Contains(m.out.String(), "nightly-report | mails: 1 of shop_owner development-$(NODE_ENV)\n"), m.out.String())
	assert.Equal(t, strings.Count(m.out.String(), "migrated"), 1)

	assert.NilError(t, stop())
	for _, line := range []string{"web     | closed\n", "mailer  | stopped gracefully\n"} {
		assert.Assert(t, strings.Contains(m.out.String(), line), m.out.String())
	}
	_, err := net.Dial("tcp", net.JoinHostPort("localhost", got["PGPORT"]))
	assert.Assert(t, err != nil, "PostgreSQL still runs")

	// The data stays, and --fresh empties it. A job alone has the release command before it.
	assert.NilError(t, Run(t.Context(), c))
	c.Fresh = true
	assert.NilError(t, Run(t.Context(), c))
	_, out, _ := strings.Cut(m.out.String(), "closed\n")
	_, out, _ = strings.Cut(out, "release        | migrated\n")
	assert.Equal(t, out, "nightly-report | mails: 1 of shop_owner development-$(NODE_ENV)\nrelease        | migrated\nnightly-report | mails: 0 of shop_owner development-$(NODE_ENV)\n")
}

// TestKilled checks that a run takes over after one that was killed: its PostgreSQL still runs.
func TestKilled(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("shop/.keep", "")
	c := m.config("    build: {context: shop}\n    workers: {mailer: {command: [sh, -c, 'echo started; sleep 60']}}\n")
	assert.NilError(t, os.MkdirAll(c.State, 0o755))
	r := &run{Config: c}
	server, err := r.newServer()
	assert.NilError(t, err)
	assert.NilError(t, server.run(t.Context(), false))
	defer server.stop()
	stop := m.run(c)
	m.await("mailer | started")
	assert.NilError(t, stop())

	// The files of the password are lost, and the data is of another version.
	assert.NilError(t, os.RemoveAll(c.State+"/credentials"))
	stop = m.run(c)
	m.await("mailer | started\nmailer | started\n")
	assert.NilError(t, stop())
	assert.NilError(t, os.WriteFile(c.State+"/data/PG_VERSION", []byte("16\n"), 0o600))
	assert.ErrorContains(t, Run(t.Context(), c), "build/dev/shop/data was made by PostgreSQL 16, and this is 17.")
	assert.ErrorContains(t, Run(t.Context(), c), "begin with an empty database: ./plinth dev shop --fresh")
}

// TestServerEnds checks that a run does not go on without its PostgreSQL.
func TestServerEnds(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("shop/.keep", "")
	c := m.config("    build: {context: shop}\n    workers: {mailer: {command: [sh, -c, 'echo started; sleep 60']}}\n")
	stop := m.run(c)
	m.await("mailer | started")
	content, err := os.ReadFile(c.State + "/data/postmaster.pid")
	assert.NilError(t, err)
	id, err := strconv.Atoi(strings.Split(string(content), "\n")[0])
	assert.NilError(t, err)
	assert.NilError(t, syscall.Kill(id, syscall.SIGINT))
	<-m.over
	err = stop()
	assert.ErrorContains(t, err, "PostgreSQL ended: exit status 0\nbuild/dev/shop/postgres.log ends with:\n")
	assert.ErrorContains(t, err, "received fast shutdown request")
}

// TestFailing checks who is said to have failed, and with which exit code.
func TestFailing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		app, job, want string
		code           int
		printed        string
	}{
		"release": {"release: {command: [sh, -c, 'echo broken; exit 4']}, workers: {mailer: {command: [sh, -c, 'echo begun']}}", "",
			"The release command failed, so nothing else was started: exit status 4", 4, "release | broken\n"},
		"worker": {"workers: {mailer: {command: [sh, -c, 'exit 3']}, other: {command: [sh, -c, 'trap \"echo told; exit\" TERM; echo ready; while :; do sleep 0.1; done']}}", "",
			"mailer failed, so the others were stopped: exit status 3", 3, ""},
		"ended": {"workers: {mailer: {command: ['true']}}", "",
			"mailer ended by itself, so the others were stopped. On the cluster it would be started again", 0, ""},
		"job":    {"jobs: {report: {command: [sh, -c, 'exit 5'], schedule: '15 2 * * *'}}", "report", "report failed: exit status 5", 5, ""},
		"signal": {"jobs: {report: {command: [sh, -c, 'kill -9 $$$$'], schedule: '15 2 * * *'}}", "report", "report failed: signal: killed", -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.write("shop/.keep", "")
			c := m.config("    database: false\n    build: {context: shop}\n    " + strings.ReplaceAll(test.app, "}, workers", "}\n    workers") + "\n")
			c.Job = test.job
			err := Run(t.Context(), c)
			assert.Error(t, err, test.want)
			var exit *exec.ExitError
			assert.Equal(t, errors.As(err, &exit), test.code != 0)
			if test.code != 0 {
				assert.Equal(t, exit.ExitCode(), test.code)
			}
			if test.printed != "" {
				assert.Equal(t, m.out.String(), test.printed)
			}
		})
	}
}

// TestStubborn checks that a process is killed that does not stop, and that a job which is interrupted has failed.
func TestStubborn(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("shop/.keep", "")
	c := m.config(`    database: false
    build: {context: shop}
    workers: {mailer: {command: [sh, -c, 'trap "echo no" TERM; echo ready; while :; do sleep 0.1; done']}}
    jobs: {report: {command: [sh, -c, 'echo begun; sleep 60'], schedule: "15 2 * * *"}}
`)
	c.grace = time.Second
	stop := m.run(c)
	m.await("mailer | ready")
	assert.Error(t, stop(), "mailer did not stop within 1s of SIGTERM and was killed. On the cluster the same happens")
	assert.Assert(t, strings.Contains(m.out.String(), "mailer | no\n"), m.out.String())
	c.Job = "report"
	stop = m.run(c)
	m.await("report | begun")
	assert.Error(t, stop(), "report was interrupted")
}

// TestSignals sends Ctrl-C's signal to a process that runs this test: once, and twice.
func TestSignals(t *testing.T) {
	t.Parallel()
	if folder := os.Getenv("PLINTH_LOCAL_TEST"); folder != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		m := &machine{t: t, root: folder}
		c := m.config("    database: false\n    build: {context: shop}\n    workers: {mailer: {command: [sh, -c, 'trap \"echo told; sleep 2; echo slept; exit\" TERM; echo ready; while :; do sleep 0.1; done']}}\n")
		c.Stdout, c.Say = os.Stdout, func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
		assert.NilError(t, Run(ctx, c))
		return
	}
	for _, twice := range []bool{false, true} {
		m := newMachine(t)
		m.write("shop/.keep", "")
		command := exec.Command(os.Args[0], "-test.run=^TestSignals$")
		command.Env = append(os.Environ(), "PLINTH_LOCAL_TEST="+m.root)
		command.Stdout = &m.out
		assert.NilError(t, command.Start())
		m.await("mailer | ready")
		assert.NilError(t, command.Process.Signal(os.Interrupt))
		m.await("mailer | told")
		if twice {
			assert.NilError(t, command.Process.Signal(os.Interrupt))
		}
		assert.NilError(t, command.Wait(), m.out.String())
		assert.Equal(t, strings.Contains(m.out.String(), "mailer | slept"), !twice, m.out.String())
	}
}

// TestLeftBehind checks that what a process has started is stopped with it.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("shop/.keep", "")
	c := m.config("    database: false\n    build: {context: shop}\n    jobs: {report: {command: [sh, -c, 'sleep 300 & echo $!'], schedule: '15 2 * * *'}}\n")
	c.Job = "report"
	assert.NilError(t, Run(t.Context(), c))
	id := strings.TrimSpace(strings.TrimPrefix(m.out.String(), "report | "))
	state, err := os.ReadFile("/proc/" + id + "/stat") // a zombie where nobody waits for it
	assert.Assert(t, err != nil || strings.Contains(string(state), ") Z "), "process %s still runs: %s", id, state)
}
