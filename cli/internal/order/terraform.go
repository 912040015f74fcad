package order

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"time"

	"plinth/cli/internal/terraform"
)

// findTerraform returns the path of the program that cdktf itself would run.
func findTerraform() (string, error) {
	path, err := terraform.Find()
	if err != nil {
		return "", fmt.Errorf("The states cannot be read without Terraform: %w", err) //nolint:staticcheck // a person reads it as a sentence
	}
	return path, nil
}

// runTerraform runs one command in folder and returns what it prints. When ctx ends, it kills
// Terraform, which only reads and holds no lock.
//
// Terraform stays in this program's process group. So Ctrl-C also reaches a credential helper that
// Terraform started, and that helper can ask for a code on the terminal.
func runTerraform(ctx context.Context, binary, folder string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, binary, args...)
	command.Dir = folder
	command.Env = terraform.Environment(command.Environ())
	command.WaitDelay = time.Second // for a helper that outlives Terraform and holds its output
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, terraform.Explain(stderr.String(), err)
	}
	return stdout.Bytes(), nil
}
