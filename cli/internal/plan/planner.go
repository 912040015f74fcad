// Package plan plans stacks for review, and compares them with what is deployed.
package plan

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
)

// Planner plans in one project, with the cdktf and the Terraform that are installed.
type Planner struct {
	// Root is the project's folder.
	Root   string
	Getenv func(string) string
	// Environ is the environment of cdktf.
	Environ        []string
	Stdout, Stderr io.Writer
	Transport      http.RoundTripper
	// Check returns an error if a stack cannot be deployed yet: see package order.
	Check func(ctx context.Context, stack string) error
	// Synth synthesizes again, with variables that override settings.
	Synth func(ctx context.Context, variables ...string) error
}

// folder returns the folder for a stack's plan and summary.
func (c *Planner) folder(stack string) string {
	return filepath.Join(c.Root, "build", "plan", stack)
}
