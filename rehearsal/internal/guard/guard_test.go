package guard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parentVariable makes the test binary a program that starts a guarded one, and can be killed.
const parentVariable = "GUARD_TEST_PARENT"

func TestMain(m *testing.M) {
	Run()
	if script := os.Getenv(parentVariable); script != "" {
		p, err := Start(Program{Path: "sh", Args: []string{"-c", script}, Env: os.Environ(), Output: os.Stdout})
		if err == nil {
			err = p.Wait()
		}
		fmt.Println(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// family starts every kind of process that could stay behind, and prints their ids: one in its
// own session, one whose parent has ended, and one that ignores signals.
const family = `
sleep 600 & echo $!
setsid sleep 600 & echo $!
(setsid sh -c 'trap "" INT TERM HUP; sleep 600 & echo $!; sleep 600' & echo $!)
trap "" INT TERM HUP
echo end
sleep 600
`

// start starts the family below a guard and returns the ids of its processes.
func start(t *testing.T) (*Process, []int) {
	t.Helper()
	needSetsid(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	p, err := Start(Program{Path: "sh", Args: []string{"-c", family}, Env: os.Environ(), Output: write})
	if err != nil {
		t.Fatal(err)
	}
	write.Close()
	return p, members(t, read)
}

func members(t *testing.T, from *os.File) []int {
	t.Helper()
	var pids []int
	ended := false
	for lines := bufio.NewScanner(from); (!ended || len(pids) < 4) && lines.Scan(); {
		ended = ended || lines.Text() == "end"
		if pid, err := strconv.Atoi(lines.Text()); err == nil {
			pids = append(pids, pid)
		}
	}
	if len(pids) != 4 {
		t.Fatalf("the family has %d members, want 4", len(pids))
	}
	for _, pid := range pids {
		if !lives(pid) {
			t.Fatalf("process %d does not live", pid)
		}
	}
	return pids
}

func TestKill(t *testing.T) {
	p, pids := start(t)
	p.Kill()
	if err := p.Wait(); err == nil {
		t.Error("a program that was killed is told to have ended well")
	}
	mustBeGone(t, pids)
}

// TestParentKilled kills, as by kill -9, the program that started the guard.
func TestParentKilled(t *testing.T) {
	needSetsid(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"="+family)
	parent.Stdout = write
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	pids := members(t, read)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for deadline := time.Now().Add(5 * time.Second); anyLives(pids) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	mustBeGone(t, pids)
}

// TestGuardKilled kills, as by kill -9, the guard itself: at least its program ends with it.
func TestGuardKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a process with its parent")
	}
	var out bytes.Buffer
	p, err := Start(Program{Path: "sh", Args: []string{"-c", "echo $$; exec sleep 600"}, Env: os.Environ(), Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if err := p.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	pid, err := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	mustBeGone(t, []int{pid})
}

// TestEnd leaves a process behind when the program ends by itself.
func TestEnd(t *testing.T) {
	needSetsid(t)
	note := filepath.Join(t.TempDir(), "note")
	// The process left behind saves its state when it is interrupted, as Terraform does.
	script := `setsid --fork sh -c 'trap "echo saved >` + note + `; exit" INT; while :; do sleep 0.01; done'; sleep 0.2; exit 7`
	p, err := Start(Program{Path: "sh", Args: []string{"-c", script}, Env: os.Environ(), Output: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("ended with %v, want exit status 7", err)
	}
	if content, err := os.ReadFile(note); err != nil || string(content) != "saved\n" {
		t.Errorf("what was left could not end by itself: %q, %v", content, err)
	}
}

func TestInterrupt(t *testing.T) {
	var out bytes.Buffer
	p, err := Start(Program{Path: "sh", Args: []string{"-c", `trap 'echo stopped; exit 3' INT; while :; do sleep 0.01; done`}, Env: os.Environ(), Output: &out})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	p.Interrupt()
	var exit *exec.ExitError
	if err := p.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 || out.String() != "stopped\n" {
		t.Errorf("ended with %v and %q, want exit status 3 and stopped", err, out.String())
	}
}

// TestListen: only programs in Listen are interrupted, and only once.
func TestListen(t *testing.T) {
	folder := t.TempDir()
	script := `trap 'echo wrong' INT; ` + folder + `/terraform -c 'trap "echo asked" INT; echo ready; i=0; while [ $i -lt 50 ]; do sleep 0.01; i=$((i+1)); done'; exit 5`
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(shell, filepath.Join(folder, "terraform")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p, err := Start(Program{Path: "sh", Args: []string{"-c", script}, Env: os.Environ(), Output: &out, Listen: []string{"tofu", "terraform"}})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	p.Interrupt()
	var exit *exec.ExitError
	if err := p.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 5 || out.String() != "ready\nasked\n" {
		t.Errorf("ended with %v and %q, want exit status 5, ready and asked", err, out.String())
	}
}

func TestNoProgram(t *testing.T) {
	_, err := Start(Program{Path: "no-such-program", Output: &bytes.Buffer{}})
	if err == nil || !strings.Contains(err.Error(), "no-such-program: cannot be started") {
		t.Errorf("got %v", err)
	}
}

func needSetsid(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("setsid"); err != nil || runtime.GOOS != "linux" {
		t.Skip("what leaves its group is found on Linux only")
	}
}

func mustBeGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if lives(pid) {
			t.Errorf("process %d is left behind", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func anyLives(pids []int) bool {
	for _, pid := range pids {
		if lives(pid) {
			return true
		}
	}
	return false
}

// lives reports whether a process exists. It does not count one that has ended but that its
// parent has not reaped.
func lives(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return fields[0] != "Z"
}
