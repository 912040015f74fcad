package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"plinth/app/internal/postgrestest"
	"plinth/app/internal/testrun"
)

func TestMain(m *testing.M) { os.Exit(testrun.Main(m)) }

// patience is how long a test waits for something that takes a moment on an idle machine.
const patience = time.Minute

// binary builds the service like its image, once for each version.
func binary(t *testing.T, version string) string {
	t.Helper()
	build, _ := builds.LoadOrStore(version, sync.OnceValues(func() (string, error) {
		file := filepath.Join(testrun.Dir(), "app-"+version)
		arguments := []string{"build", "-tags", "nethttpomithttp2", "-ldflags", "-s -w -X main.version=" + version, "-o", file}
		if raceDetector {
			arguments = append(arguments, "-race")
		}
		output, err := testrun.Command("go", append(arguments, ".")...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("go build: %w\n%s", err, output)
		}
		return file, err
	}))
	file, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var builds sync.Map

// process is a running service.
type process struct {
	t           *testing.T
	url         string
	metricsURL  string
	output      output
	command     *exec.Cmd
	ended       chan struct{}
	credentials *credentials
}

// options are the options of a process; the zero value is right for most tests.
type options struct {
	version     string
	credentials *credentials
	environment map[string]string
}

// start runs the service against a database. When the test ends, it searches the service's output
// for passwords.
func start(t *testing.T, database *postgrestest.Server, o options) *process {
	t.Helper()
	if o.version == "" {
		o.version = "v1"
	}
	if o.credentials == nil {
		o.credentials = mount(t, database)
	}
	port, metricsPort := testrun.FreePort(t), testrun.FreePort(t)
	environment := map[string]string{
		"PORT":                     strconv.Itoa(port),
		"METRICS_PORT":             strconv.Itoa(metricsPort),
		"DATABASE_HOST":            database.Host,
		"DATABASE_READER_HOST":     database.Host,
		"DATABASE_PORT":            strconv.Itoa(database.Port),
		"DATABASE_NAME":            database.Database,
		"DATABASE_CREDENTIALS_DIR": o.credentials.dir,
		"DATABASE_CA_FILE":         database.CAFile,
		"SHUTDOWN_DELAY":           "3s",
	}
	for name, value := range o.environment {
		environment[name] = value
	}
	p := &process{
		t:           t,
		url:         fmt.Sprintf("http://127.0.0.1:%d", port),
		metricsURL:  fmt.Sprintf("http://127.0.0.1:%d/metrics", metricsPort),
		command:     testrun.Command(binary(t, o.version)),
		ended:       make(chan struct{}),
		credentials: o.credentials,
	}
	for name, value := range environment {
		p.command.Env = append(p.command.Env, name+"="+value)
	}
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.finish)
	return p
}

func (p *process) finish() {
	_ = p.command.Process.Kill()
	<-p.ended
	text := p.output.String()
	for _, password := range p.credentials.used {
		if strings.Contains(text, password) {
			p.t.Errorf("the password %q was logged", password)
		}
	}
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			p.t.Errorf("logged, but not JSON: %s", line)
		}
	}
	if p.t.Failed() {
		p.t.Logf("log of %s:\n%s", p.url, text)
	}
}

// up waits until the service is healthy.
func (p *process) up() *process {
	p.t.Helper()
	eventually(p.t, "health is UP", func() bool {
		select {
		case <-p.ended:
			p.t.Fatal("the service has ended")
		default:
		}
		return p.health() == http.StatusOK
	})
	return p
}

// health is the status code of /health, 0 without an answer.
func (p *process) health() int {
	code, _, err := ask(http.MethodGet, p.url+"/health")
	if err != nil {
		return 0
	}
	return code
}

func (p *process) signal(signal syscall.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		p.t.Error(err)
	}
}

// exit waits for the end of the process and returns its status, -1 for a signal.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("the service does not end")
	}
	return p.command.ProcessState.ExitCode()
}

// output is a buffer that can be read while the process writes to it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// ask makes one request on its own connection.
func ask(method, url string) (code int, body string, err error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return 0, "", err
	}
	request.Close = true
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// get makes a request and fails the test if there is no answer.
func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	code, body, err := ask(http.MethodGet, url)
	if err != nil {
		t.Fatal(err)
	}
	return code, body
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}

// credentials is a folder like a Secret that kubelet has mounted.
type credentials struct {
	t    *testing.T
	dir  string
	used []string
}

func mount(t *testing.T, database *postgrestest.Server) *credentials {
	t.Helper()
	c := &credentials{t: t, dir: t.TempDir()}
	c.write(database.Username, database.Password)
	for _, name := range []string{"username", "password"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(c.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// write replaces both files as kubelet does: a new folder, and a new link that is renamed over the
// link to the old folder.
func (c *credentials) write(username, password string) {
	c.t.Helper()
	c.used = append(c.used, password)
	version := fmt.Sprintf("..version_%d", len(c.used))
	data, next := filepath.Join(c.dir, "..data"), filepath.Join(c.dir, "..data_tmp")
	old, errOld := os.Readlink(data)
	err := errors.Join(
		os.Mkdir(filepath.Join(c.dir, version), 0o750),
		os.WriteFile(filepath.Join(c.dir, version, "username"), []byte(username), 0o600),
		os.WriteFile(filepath.Join(c.dir, version, "password"), []byte(password), 0o600),
		os.Symlink(version, next),
		os.Rename(next, data))
	if err == nil && errOld == nil {
		err = os.RemoveAll(filepath.Join(c.dir, old))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// visits reads the counter from the database.
func visits(t *testing.T, database *postgrestest.Server) int {
	t.Helper()
	var count int
	if err := database.Connect().QueryRow(t.Context(), "SELECT count FROM visits").Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}
