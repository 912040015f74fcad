package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// scanners is the folder of the programs that scanners/go.mod pins.
const scanners = "build/scanners"

// project is the project to check.
type project struct {
	// root is its folder, out the folder of the synthesized stacks relative to root.
	root, out string
	// scanners is the folder of the scanners.
	scanners string
}

// scan runs a scanner with input as its standard input, and decodes its JSON output. Exit status 1 with
// JSON means findings, not a failure.
func (p project) scan(ctx context.Context, name string, input []byte, into any, args ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(p.scanners, name), args...)
	command.Dir = p.root
	command.Stdin = bytes.NewReader(input)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	if command.ProcessState != nil && command.ProcessState.ExitCode() == 1 && json.Valid(output) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, strings.TrimSpace(string(output)+complaint.String()))
	}
	if err := json.Unmarshal(output, into); err != nil {
		return fmt.Errorf("%s: %w: %.200s", name, err, output)
	}
	return nil
}
