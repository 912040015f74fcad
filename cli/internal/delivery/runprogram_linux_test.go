package delivery

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// runProgram runs the program of an unpacked image. If the test runs as root, the program sees only the
// image's files and runs as the image's user, as in a cluster.
func runProgram(t *testing.T, root string, args ...string) string {
	t.Helper()
	command := exec.Command(filepath.Join(root, "app"), args...)
	if os.Geteuid() == 0 {
		command = exec.Command("/app", args...)
		command.Dir = "/"
		command.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	}
	command.Env = []string{}
	out, err := command.CombinedOutput()
	assert.NilError(t, err, string(out))
	return string(out)
}
