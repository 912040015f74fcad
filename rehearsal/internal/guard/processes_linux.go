package guard

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// adopt makes this process the parent of every process below it whose own parent ends, even of
// one in its own session, as cdktf starts Terraform.
func adopt() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) // every Linux since 3.4
}

// attributes make the guarded program end when the guard itself is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// processes returns all processes of this machine.
func processes() []process {
	var all []process
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		if p, ok := readStat(file); ok {
			all = append(all, p)
		}
	}
	return all
}

// readStat reads "7 (a name) S 1 …": the process's id, its name, its state, its parent's id.
func readStat(file string) (process, bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return process{}, false // it has just ended
	}
	start, end := strings.IndexByte(string(content), '('), strings.LastIndexByte(string(content), ')') // a name may hold anything
	if start < 0 || end < start {
		return process{}, false
	}
	fields := strings.Fields(string(content[end+1:]))
	if len(fields) < 2 {
		return process{}, false
	}
	pid, pidErr := strconv.Atoi(filepath.Base(filepath.Dir(file)))
	parent, parentErr := strconv.Atoi(fields[1])
	return process{pid, parent, string(content[start+1 : end])}, pidErr == nil && parentErr == nil
}
