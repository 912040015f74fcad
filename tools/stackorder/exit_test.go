package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestExitStatus tells a stack that is early from everything else that can be wrong.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	needTerraform(t)
	dir := project(t, newStorage(t).url, nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]int{"deploy dev-network": 0, "deploy dev-data": 3, "destroy dev-network": 0, "deploy dev-dat": 1, "deploy": 1} {
		program := exec.Command(self, strings.Fields(args)...)
		program.Dir, program.Env = dir, append(os.Environ(), asProgram+"=1")
		if out, _ := program.CombinedOutput(); program.ProcessState.ExitCode() != want {
			t.Errorf("stackorder %s: exits with %d, not %d\n%s", args, program.ProcessState.ExitCode(), want, out)
		}
	}
}
