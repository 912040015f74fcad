// Package command is the command line of ./plinth: its subcommands, flags, completion and exit codes.
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

// The exit codes. The exit code of another program, such as a rehearsal, is passed on.
const (
	done        = 0
	failed      = 1
	differs     = 2 // as terraform plan -detailed-exitcode
	early       = 3 // a stack that this one needs is not deployed yet
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

// Run runs the command in a project and returns its exit code.
func Run(ctx context.Context, p *project.Project, args []string) int {
	root := newRoot(p)
	root.SetArgs(append([]string{}, args...)) // nil would be os.Args
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	return status(ctx, p, root.ExecuteContext(ctx))
}

// status prints an error that the user has not seen yet, and returns the exit code.
func status(ctx context.Context, p *project.Project, err error) int {
	if err == nil {
		return done
	}
	exit, ended := project.Ended(err)
	if !ended || err.Error() != exit.Error() { // otherwise the program has printed the reason itself
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
