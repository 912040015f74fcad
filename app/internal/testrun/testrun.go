// Package testrun gives a test binary a folder and processes that disappear when it ends, however it
// ends: a test that times out runs no cleanup of its own.
package testrun

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// cleaner is the shell that leads the group of all processes. It reads from a pipe that only the test
// binary has open: when the pipe closes, the test has ended.
const cleaner = `trap '' QUIT; cat >/dev/null; kill -QUIT 0; sleep 0.2; rm -rf "$1"`

var run struct {
	dir   string
	group int
}

// TB is the part of testing.TB that helpers need. Programs that are not tests can implement it too.
type TB interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	TempDir() string
	Failed() bool
	Logf(format string, arguments ...any)
	Errorf(format string, arguments ...any)
	Fatal(arguments ...any)
	Fatalf(format string, arguments ...any)
}

// Main runs the tests of a package: func TestMain(m *testing.M) { os.Exit(testrun.Main(m)) }
func Main(m *testing.M) int {
	finish, err := Begin()
	if err != nil {
		return fail(err)
	}
	defer finish()
	// The tests wait more than they compute. -parallel on the command line still takes effect.
	if err := flag.Set("test.parallel", "4"); err != nil {
		return fail(err)
	}
	return m.Run()
}

// Begin makes the folder and the process group, and returns a function that ends them. They end with
// the program at the latest. Call Begin once.
func Begin() (finish func(), err error) {
	dir, err := os.MkdirTemp("", "plinth-app-test-")
	if err != nil {
		return nil, err
	}
	if err := open(dir); err != nil {
		return nil, err
	}
	shell := exec.Command("sh", "-c", cleaner, "sh", dir)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	run.dir, run.group = dir, shell.Process.Pid
	return func() {
		pipe.Close()
		_ = shell.Wait()
	}, nil
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// Dir is the run's folder. Every user may enter it.
func Dir() string {
	if run.dir == "" {
		panic("testrun: the package's TestMain must call testrun.Main, a program testrun.Begin")
	}
	return run.dir
}

// SubDir makes a new folder in the run's, which every user may enter.
func SubDir(t TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(Dir(), "")
	if err == nil {
		err = open(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// open lets every user in: servers that refuse to run as root run as another user.
func open(dir string) error {
	return os.Chmod(dir, 0o755) //nolint:gosec // see above
}

// Command prepares a program that ends with the test binary at the latest (by SIGQUIT).
func Command(name string, arguments ...string) *exec.Cmd {
	Dir()
	command := exec.Command(name, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: run.group}
	return command
}

var ports struct {
	sync.Mutex
	given map[int]bool
}

// FreePort returns a port on which nobody listens. It never returns a port twice, and never one that
// the system uses for outgoing connections (those begin at 32768 on Linux, higher elsewhere).
func FreePort(t TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	if ports.given == nil {
		ports.given = map[int]bool{}
	}
	for range 1000 {
		port := 20000 + rand.IntN(12000) //nolint:gosec // no secret depends on it
		if ports.given[port] {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			continue
		}
		listener.Close()
		ports.given[port] = true
		return port
	}
	t.Fatal("no free port found")
	return 0
}
