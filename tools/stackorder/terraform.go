package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// findTerraform returns the path of the program that cdktf itself would run.
func findTerraform() (string, error) {
	name := os.Getenv("TERRAFORM_BINARY_NAME")
	if name == "" {
		name = "terraform"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", refusal(fmt.Sprintf("The states cannot be read without Terraform: %s is not on PATH. Install Terraform 1.10 or later.", name))
	}
	return filepath.Abs(path)
}

// runTerraform runs one command in folder and returns what it prints. When ctx ends the
// program is killed rather than asked: it only reads, and holds no lock.
//
// It stays in this program's process group, so that Ctrl-C also reaches a credential helper
// that Terraform has started, and that helper may ask for a code on the terminal.
func runTerraform(ctx context.Context, binary, folder string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, binary, args...)
	command.Dir = folder
	command.Env = environment(command.Environ())
	command.WaitDelay = time.Second // for a helper that outlives Terraform and holds its output
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, explain(stderr.String(), err)
	}
	return stdout.Bytes(), nil
}

// environment is the caller's, which says whose credentials to use, without what would make
// Terraform chatty or let two stacks share a folder.
func environment(inherited []string) []string {
	kept := slices.DeleteFunc(inherited, func(variable string) bool {
		return strings.HasPrefix(variable, "TF_DATA_DIR=") || strings.HasPrefix(variable, "TF_LOG")
	})
	return append(kept, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
}
