//go:build !linux

package guard

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// adopt does nothing: only on Linux does a guard inherit processes whose own parent has ended. Elsewhere
// a Terraform that cdktf leaves behind ends with the terminal that cdktf has made for it.
func adopt() {}

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// processes returns all processes of this machine.
func processes() []process {
	var all []process
	output, _ := exec.Command("ps", "-axo", "pid=,ppid=,comm=").Output()
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		pid, pidErr := strconv.Atoi(fields[0])
		parent, parentErr := strconv.Atoi(fields[1])
		name := filepath.Base(strings.Join(fields[2:], " "))
		if pidErr == nil && parentErr == nil && name != "ps" { // itself is below the guard, too
			all = append(all, process{pid, parent, name})
		}
	}
	return all
}
