package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/guard"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/synthesized"
)

// mainVariable makes the test binary run main instead of the tests.
const mainVariable = "REHEARSAL_TEST_MAIN"

func TestMain(m *testing.M) {
	guard.Run()
	if os.Getenv(mainVariable) != "" {
		main()
		return
	}
	os.Exit(testMain(m))
}

var tools run.Tools

func testMain(m *testing.M) int {
	flag.Parse()
	if testing.Short() { // as in make check
		return 0
	}
	folder, err := os.MkdirTemp("", "rehearsal")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if tools, err = run.Build("..", folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// program is a rehearsal started the way a user starts it.
type program struct {
	*exec.Cmd
	t      *testing.T
	folder string
	output lockedBuffer
	done   chan struct{}
}

func start(t *testing.T, env string, arguments []string, variables ...string) *program {
	t.Helper()
	p := &program{t: t, folder: filepath.Join(t.TempDir(), env), done: make(chan struct{})}
	p.Cmd = exec.Command(os.Args[0], append([]string{"-env", env, "-standin", tools.Standin, "-synth", tools.Synth, "-command", tools.Command, "-out", p.folder}, arguments...)...)
	p.Env = append(append(os.Environ(), mainVariable+"=1"), variables...)
	p.Stdout, p.Stderr = &p.output, &p.output
	return p
}

// ends starts the program and checks its exit status and output.
func (p *program) ends(status int, wanted ...string) {
	p.t.Helper()
	p.begin()
	p.ended(status, wanted...)
}

func (p *program) begin() {
	p.t.Helper()
	assert.NilError(p.t, p.Start())
	go func() {
		_ = p.Wait()
		close(p.done)
	}()
}

func (p *program) ended(status int, wanted ...string) {
	p.t.Helper()
	<-p.done
	assert.Equal(p.t, p.ProcessState.ExitCode(), status, p.output.String())
	for _, want := range wanted {
		assert.Assert(p.t, strings.Contains(p.output.String(), want), "it does not say %q:\n%s", want, p.output.String())
	}
	assert.Assert(p.t, !strings.Contains(p.output.String(), "goroutine "), p.output.String())
}

// says waits until the output contains a text.
func (p *program) says(what string) {
	p.t.Helper()
	deadline := time.After(5 * time.Minute)
	for !strings.Contains(p.output.String(), what) {
		select {
		case <-deadline:
			_ = p.Process.Kill()
			p.t.Fatalf("it has not said %q yet:\n%s", what, p.output.String())
		case <-time.After(20 * time.Millisecond):
		case <-p.done:
			assert.Assert(p.t, strings.Contains(p.output.String(), what), "it never says %q:\n%s", what, p.output.String())
		}
	}
}

// left counts the processes of its rehearsal that still run.
func (p *program) left() int {
	if runtime.GOOS != "linux" {
		p.t.Skip("processes are looked for in /proc")
	}
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	n := 0
	for _, file := range files {
		environment, _ := os.ReadFile(file)
		if bytes.Contains(environment, []byte(cloud.FolderVariable+"="+p.folder+"\x00")) {
			n++
		}
	}
	return n
}

func TestRefused(t *testing.T) {
	start(t, "foo", nil).ends(1, "environments/foo.yaml: no such environment; there are ")
	start(t, "dev", []string{"now"}).ends(2, "rehearsal: now: unknown argument; known are")
	start(t, "dev", []string{"-standin", "/no/such/program"}).ends(1, "/no/such/program", "./plinth rehearse builds it")

	p := start(t, "dev", nil)
	assert.NilError(t, os.MkdirAll(p.folder, 0o755))
	assert.NilError(t, os.WriteFile(filepath.Join(p.folder, "precious"), nil, 0o600))
	p.ends(1, p.folder+": has files that are not a rehearsal's")
	_, err := os.Stat(filepath.Join(p.folder, "precious"))
	assert.NilError(t, err)
}

// TestWrongSetting checks that the last line of the output is Plinth's own error.
func TestWrongSetting(t *testing.T) {
	t.Parallel()
	p := start(t, "dev", nil, "PLINTH_DEV_NETWORK_NAT=both")
	p.ends(1)
	lines := strings.Split(strings.TrimSpace(p.output.String()), "\n")
	assert.Equal(t, lines[len(lines)-1], `PLINTH_DEV_NETWORK_NAT: network.nat: must be none, single or per-zone, is "both"`)
}

// TestBroken starts simulators that fail: the output has Terraform's error and the log's path.
func TestBroken(t *testing.T) {
	t.Parallel()
	broken, err := exec.LookPath("false")
	assert.NilError(t, err)
	p := start(t, "dev", []string{"-standin", broken})
	p.ends(1, "✗ The bootstrap stack is deployed by an administrator: it is not", "Error: Failed to load plugin schemas",
		"its output is in ", "02-bootstrap.log", "✗ 1 of 1 expectations are not met.", "No AWS was involved.")
	page, err := os.ReadFile(filepath.Join(p.folder, "report.html"))
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(string(page), "Failed to load plugin schemas"))
}

// TestRehearsal runs a complete rehearsal.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	p := start(t, "dev", nil)
	p.ends(0, "No AWS is involved", "✓ The bootstrap stack is deployed by an administrator",
		"✓ The plan role of dev-network cannot deploy it", "✓ The deploy role of dev-network cannot deploy dev-cluster",
		"✓ All stacks are deployed", "✓ Each stack is deployed by its own role: 6 roles", "✓ Diff after deploy",
		"✓ Another image tag changes only dev-app", "✓ All stacks are destroyed", "✓ No resources remain in the cloud",
		"✓ No resources remain in the states", "✓ No passwords in states, plans and logs", "No AWS was involved.")
	page, err := os.ReadFile(filepath.Join(p.folder, "report.html"))
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(string(page), "dev-network"))
}

// TestKilled checks that kill -9 leaves no process running and that the next rehearsal works.
// Ctrl-C leaves none either.
func TestKilled(t *testing.T) {
	t.Parallel()
	p := start(t, "dev", nil, "REHEARSAL_DELAY=500ms")
	p.begin()
	p.says("Deploy each stack")
	time.Sleep(5 * time.Second)
	again := start(t, "dev", []string{"-out", p.folder})
	again.ends(1, fmt.Sprintf("a rehearsal of dev is already running (process %d)", p.Process.Pid))

	assert.Assert(t, p.left() > 0)
	assert.NilError(t, p.Process.Kill())
	<-p.done
	for deadline := time.Now().Add(5 * time.Second); p.left() > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	assert.Equal(t, p.left(), 0)

	again = start(t, "dev", []string{"-out", p.folder}, "REHEARSAL_DELAY=500ms")
	again.begin()
	again.says("deploy     dev-network ")
	assert.NilError(t, again.Process.Signal(syscall.SIGINT))
	again.ended(130, "Stopping", "Interrupted.")
	assert.Equal(t, p.left(), 0)
}

// TestKeep checks that -keep serves a shell that sources its variables, until Ctrl-C.
func TestKeep(t *testing.T) {
	t.Parallel()
	p := start(t, "dev", []string{"-keep"}, "AWS_PROFILE=mine")
	p.begin()
	p.says("None of this is AWS.")
	app, err := synthesized.Read(filepath.Join(p.folder, "cdktf.out"))
	assert.NilError(t, err)
	shell := exec.Command("bash", "-euc", `
		export AWS_PROFILE=mine
		source "$1/env.sh"
		cd ..
		node_modules/.bin/cdktf diff dev-network --no-color
		as plan dev-app env | grep -c "^AWS_ROLE_ARN=$2\$"
		if as plan dev-app env | grep ^AWS_ACCESS_KEY_ID; then exit 1; fi
		cd "$1/cdktf.out/stacks/dev-network"
		as plan dev-network terraform plan -no-color -input=false
		if as deploy dev-addons terraform plan -no-color -input=false; then exit 1; fi
		cd -
		PLINTH_DEV_NETWORK_FLOW_LOGS=false node_modules/.bin/cdktf diff dev-network --no-color`, "-", p.folder, app.Pipeline.PlanRoles["dev-app"])
	output, err := shell.CombinedOutput()
	assert.NilError(t, err, string(output))
	assert.Assert(t, strings.Count(string(output), "No changes.") == 2 && strings.Contains(string(output), "Error acquiring the state lock") && strings.Contains(string(output), "to destroy."), string(output))
	assert.NilError(t, p.Process.Signal(syscall.SIGINT))
	p.ended(0)
	assert.Equal(t, p.left(), 0)
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
