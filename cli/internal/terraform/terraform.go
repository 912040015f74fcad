// Package terraform finds the Terraform that cdktf would run, and explains its failures.
package terraform

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Find returns the absolute path of the program that cdktf itself would run.
func Find() (string, error) {
	name := os.Getenv("TERRAFORM_BINARY_NAME")
	if name == "" {
		name = "terraform"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not on PATH. Install Terraform 1.11 or later.", name) //nolint:staticcheck // a person reads it as a sentence
	}
	return filepath.Abs(path)
}

// Environment returns the caller's environment, with its credentials. It removes the variables that
// turn on Terraform's log or make two stacks share a folder.
func Environment(inherited []string) []string {
	kept := slices.DeleteFunc(slices.Clone(inherited), func(variable string) bool {
		return strings.HasPrefix(variable, "TF_DATA_DIR=") || strings.HasPrefix(variable, "TF_LOG")
	})
	return append(kept, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
}
