package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"plinth/app/internal/testrun"
)

func TestMain(m *testing.M) { os.Exit(testrun.Main(m)) }

// programs builds the three programs of a run, as make load does, and returns their folder.
var programs = sync.OnceValues(func() (string, error) {
	dir := testrun.Dir()
	for _, arguments := range [][]string{
		{"build", "-C", "..", "-tags", "nethttpomithttp2", "-o", dir + "/app", "."},
		{"build", "-o", dir + "/", ".", "./nodatabase"},
	} {
		if output, err := testrun.Command("go", arguments...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build: %w\n%s", err, output)
		}
	}
	return dir, nil
})

// load prepares a run, and returns its folder for temporary files.
func load(t *testing.T, arguments ...string) (command *exec.Cmd, temporary string) {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	temporary = testrun.SubDir(t)
	command = testrun.Command(dir+"/load", append([]string{"-service", dir + "/app", "-nodatabase", dir + "/nodatabase"}, arguments...)...)
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	return command, temporary
}

func TestRun(t *testing.T) {
	command, temporary := load(t, "-duration", "1s")
	var report, progress bytes.Buffer
	command.Stdout, command.Stderr = &report, &progress
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &report, &progress)
	}
	rows := regexp.MustCompile(`(?m)^\| (.+) \| (\d+) \| [\d.]+ ms \| [\d.]+ ms \| [\d.]+ ms \| 0 \|$`).FindAllStringSubmatch(report.String(), -1)
	if len(rows) != 3 {
		t.Fatalf("%d rows\n%s", len(rows), &report)
	}
	var rates []int
	for i, name := range []string{"reading, `GET /visits`", "writing, `GET /`", "the same handler without a database"} {
		rate, _ := strconv.Atoi(rows[i][2])
		rates = append(rates, rate)
		if rows[i][1] != name || rate == 0 {
			t.Errorf("row %d: %s, want %s", i+1, rows[i][0], name)
		}
	}
	// Each write waits for the disk and for the write before it.
	if rates[1] >= rates[0] || rates[1] >= rates[2] {
		t.Errorf("writing is not the slowest:\n%s", &report)
	}
	if version := strings.TrimPrefix(runtime.Version(), "go"); !strings.Contains(report.String(), "Go "+version+", PostgreSQL 17.") {
		t.Errorf("the machine is not told:\n%s", &report)
	}
	gone(t, temporary)
}

// Neither Ctrl-C nor a kill of only the program leaves anything.
func TestNothingIsLeft(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			command, temporary := load(t, "-duration", "1m")
			progress, err := command.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = command.Process.Kill() }()
			if _, err := progress.Read(make([]byte, 1)); err != nil { // the first turn
				t.Fatal(err)
			}
			if runtime.GOOS == "linux" && len(processes(t, temporary)) == 0 {
				t.Fatal("PostgreSQL is not found among the processes")
			}
			if err := command.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = command.Wait()
			if code := command.ProcessState.ExitCode(); signal == syscall.SIGINT && code != interrupted {
				t.Errorf("status %d, want %d", code, interrupted)
			}
			gone(t, temporary)
		})
	}
}

// If a program does not start, the error has its own output.
func TestProgramFails(t *testing.T) {
	command, temporary := load(t, "-nodatabase", "false")
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(output), "load: false has ended:") {
		t.Errorf("status %d\n%s", code, output)
	}
	gone(t, temporary)
}

// gone waits until no files or processes of a run are left.
func gone(t *testing.T, temporary string) {
	t.Helper()
	const patience = 10 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		left, err := os.ReadDir(temporary)
		if err != nil {
			t.Fatal(err)
		}
		running := processes(t, temporary)
		if len(left) == 0 && len(running) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s there are still %v and %v", patience, left, running)
		}
	}
}

// processes returns the command lines that contain a folder, from /proc.
func processes(t *testing.T, folder string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		// The process may have ended by now.
		if content, err := os.ReadFile(file); err == nil && bytes.Contains(content, []byte(folder)) {
			lines = append(lines, string(content))
		}
	}
	return lines
}
