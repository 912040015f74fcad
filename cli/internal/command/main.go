// Package command is the command line of ./plinth: its subcommands, their flags, what completes them
// and what they exit with.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"plinth/cli/internal/order"
	"plinth/cli/internal/plan"
	"plinth/cli/internal/project"
)

// The exit codes. What another program ends with, such as a rehearsal, is passed on.
const (
	done        = 0
	failed      = 1
	differs     = 2 // as terraform plan -detailed-exitcode
	early       = 3 // what the stack needs is not deployed yet
	interrupted = 130
)

// Main runs the command and returns its exit code.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	p, err := project.Open(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return failed
	}
	return Run(ctx, p, args)
}

// Run is [Main] in a project.
func Run(ctx context.Context, p *project.Project, args []string) int {
	root := newRoot(p)
	root.SetArgs(append([]string{}, args...)) // nil would be os.Args
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	return status(ctx, p, root.ExecuteContext(ctx))
}

// status tells of an error what the user has not been told yet, and returns the exit code.
func status(ctx context.Context, p *project.Project, err error) int {
	if err == nil {
		return done
	}
	exit, ended := project.Ended(err)
	if !ended || err.Error() != exit.Error() { // or it has told why itself
		p.Say("%s", err)
	}
	if ended {
		return project.Status(exit)
	}
	switch {
	case errors.Is(err, plan.ErrDiffers):
		return differs
	case order.IsEarly(err):
		return early
	case ctx.Err() != nil:
		return interrupted
	}
	return failed
}
