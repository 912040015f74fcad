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
	// Environ is what cdktf is run with.
	Environ        []string
	Stdout, Stderr io.Writer
	Transport      http.RoundTripper
	// Check says why a stack cannot be deployed yet, if it cannot: see package order.
	Check func(ctx context.Context, stack string) error
	// Synth synthesizes again, with settings that are overridden by variables.
	Synth func(ctx context.Context, variables ...string) error
}

// folder is where what is made of a stack is kept.
func (c *Planner) folder(stack string) string {
	return filepath.Join(c.Root, "build", "plan", stack)
}
