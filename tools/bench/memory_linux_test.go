package main

import (
	"os/exec"
	"testing"
	"time"
)

// A grandchild counts: jsii's Node.js starts another one.
func TestWatchMemoryCountsDescendants(t *testing.T) {
	shell := exec.Command("sh", "-c", "sleep 0.3; sh -c 'sleep 1; :'; :")
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shell.Wait() }()
	time.Sleep(600 * time.Millisecond)
	if n := len(descendants(shell.Process.Pid)); n < 3 {
		t.Errorf("found %d processes, want the shell, its shell and sleep", n)
	}
	watch := watchMemory(shell.Process.Pid)
	time.Sleep(50 * time.Millisecond)
	alone := resident(shell.Process.Pid)
	if all := watch.stop(); all <= alone || alone == 0 {
		t.Errorf("all processes have %d bytes, the first alone %d", all, alone)
	}
}
