// Command plan plans a stack for review:
//
//	plan stack dev-app             plans it, and writes build/plan/dev-app: the plan and summary.md
//	plan drift dev                 compares all stacks of dev with what is deployed, or those named
//	                               after it; ends with 2 when one differs, with 1 when one could
//	                               not be compared
//	plan note dev dev-app …        puts the stacks' summaries into the merge request's one note
//
// It runs stackorder, cdktf and Terraform as make has built and installed them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"plinth/tools/internal/synthesized"
)

// command is one run of the program.
type command struct {
	root           string
	getenv         func(string) string
	stdout, stderr io.Writer
	transport      http.RoundTripper
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	root, err := synthesized.Root(".")
	if err == nil {
		c := &command{root: root, getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr, transport: http.DefaultTransport}
		err = c.run(ctx, os.Args[1:])
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, errDiffers) {
			os.Exit(differs)
		}
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: plan stack <stack>, plan drift <environment> and maybe some of its stacks, or plan note <environment> and its stacks")

func (c *command) run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "stack":
		return c.plan(ctx, args[1])
	case len(args) >= 2 && args[0] == "drift":
		return c.drift(ctx, args[1], args[2:])
	case len(args) >= 3 && args[0] == "note":
		return c.note(ctx, args[1], args[2:])
	}
	return errUsage
}

// folder is where what is made of a stack is kept.
func (c *command) folder(stack string) string {
	return filepath.Join(c.root, "build", "plan", stack)
}
